// The same as an ES module: `node --import ./tracing.mjs app.js`.
import './tracing.js';
