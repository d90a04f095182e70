// What TypeScript makes of `export default`.
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = (_q, r) => r.end('compiled default');
