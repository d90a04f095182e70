const app = require('express')();
app.get('/', (_request, response) => response.send('express app'));
module.exports = app;
