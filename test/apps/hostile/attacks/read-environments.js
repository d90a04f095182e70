const fs = require('node:fs');
const { each } = require('../tried.js');

module.exports = ({ others }) =>
  each(others.map(({ name, pid }) => [`environment of ${name}`, () => fs.readFileSync(`/proc/${pid}/environ`)]));
