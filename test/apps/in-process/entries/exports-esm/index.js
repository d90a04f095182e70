export default (_q, r) => r.end('esm handler');
