// A Nest app on Express as TypeScript's decorators leave it: each decorator called by hand.
require('reflect-metadata');
const { createHash } = require('node:crypto');
const { Body, Controller, Get, HttpCode, Module, Param, Post, Query, Redirect, Req, Res } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');

class Shop {
  index() {
    return 'nest';
  }
  json(query, request) {
    return { query, host: request.hostname };
  }
  hello(name) {
    return `hello ${name}`;
  }
  create(body) {
    return { got: body };
  }
  form(body) {
    return { ...body };
  }
  async upload(request) {
    const hash = createHash('sha256');
    for await (const chunk of request) hash.update(chunk);
    return hash.digest('hex');
  }
  async stream(response) {
    for (let index = 0; index < 5; index += 1) {
      response.write(`part ${index}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  }
  cookies(response) {
    response.cookie('a', '1').cookie('b', '2');
    return 'cookies';
  }
  redirect() {}
  empty() {}
  error() {
    throw new Error('thrown by a handler');
  }
  async rejected() {
    throw new Error('rejected by a handler');
  }
}

function method(name, decorators, parameters = []) {
  parameters.forEach((decorate, index) => decorate(Shop.prototype, name, index));
  for (const decorate of decorators)
    decorate(Shop.prototype, name, Object.getOwnPropertyDescriptor(Shop.prototype, name));
}

method('index', [Get('/')]);
method('json', [Get('json')], [Query(), Req()]);
method('hello', [Get('hello/:name')], [Param('name')]);
method('create', [Post('json'), HttpCode(201)], [Body()]);
method('form', [Post('form')], [Body()]);
method('upload', [Post('upload'), HttpCode(200)], [Req()]);
method('stream', [Get('stream')], [Res()]);
method('cookies', [Get('cookies')], [Res({ passthrough: true })]);
method('redirect', [Get('redirect'), Redirect('/hello/you', 302)]);
method('empty', [Get('empty'), HttpCode(204)]);
method('error', [Get('error')]);
method('rejected', [Get('rejected')]);
Controller()(Shop);

class App {}
Module({ controllers: [Shop] })(App);

async function main() {
  const app = await NestFactory.create(App, { logger: false });
  app.enableShutdownHooks();
  await app.listen(process.env.PORT ?? 3000);
}

void main();
