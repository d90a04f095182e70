// No "type" in package.json: Node tells by the syntax that this is an ES module.
export default (_q, r) => r.end(`detected ${import.meta.url.endsWith('index.js')}`);
