/** Undocumented, present without a warning on Node 20 to 26, under the permission model too. */
declare module '_http_common' {
  const common: {
    readonly HTTPParser: { readonly [constant: string]: unknown };
  };
  export default common;
}
