export const text = await Promise.resolve('esm part');
