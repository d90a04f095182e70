// Correct messages, as many as fit.
const { flood, message } = require('../tried.js');

const heartbeat = message({ type: 'heartbeat', inFlight: 0, quiet: false, delayMs: 0, utilization: 0, heapUsed: 1 });
const block = Buffer.concat(Array.from({ length: 500 }, () => heartbeat));
module.exports = () => {
  setTimeout(() => flood(3, () => block), 20);
};
