// `node udp.cjs FORM`: binds a UDP socket in that form and says what it saw.
'use strict';
const dgram = require('node:dgram');

const form = process.argv[2];
const port = Number(process.env.PORT);
const say = (...parts) => console.log(...parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))));
const told = (socket) => ({ ...socket.address(), port: socket.address().port === port ? 'PORT' : 'other' });

function open(options, name = 'socket') {
  const socket = dgram.createSocket(options);
  socket.on('listening', () => say(name, 'listening', told(socket)));
  socket.on('close', () => say(name, 'close'));
  socket.on('error', (error) => {
    say(name, 'error', error.code, error.syscall, error.errno, error.port === port);
    socket.close();
  });
  return socket;
}

/** Sends to itself: the bound socket really receives. */
function echo(socket, address) {
  socket.on('message', (message) => {
    say('message', message.toString());
    socket.close();
  });
  socket.once('listening', () => socket.send('to myself', port, address));
}

const forms = {
  udp4: () => {
    const socket = open('udp4');
    echo(socket, '127.0.0.1');
    socket.bind(port, '127.0.0.1');
  },
  udp6: () => {
    const socket = open('udp6');
    echo(socket, '::1');
    socket.bind(port, '::1');
  },
  any: () => {
    const socket = open('udp4');
    echo(socket, '127.0.0.1');
    socket.bind(port, () => say('callback'));
  },
  options: () => {
    const socket = open({ type: 'udp4', recvBufferSize: 8_192 });
    echo(socket, '127.0.0.1');
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
  },
  taken: () => {
    const first = open('udp4', 'first');
    first.bind(port, '127.0.0.1', () => {
      const second = open('udp4', 'second');
      second.once('close', () => first.close());
      second.bind(port, '127.0.0.1');
    });
  },
  reused: () => {
    const first = open({ type: 'udp4', reuseAddr: true }, 'first');
    first.bind(port, '127.0.0.1', () => {
      const second = open({ type: 'udp4', reuseAddr: true }, 'second');
      second.bind(port, '127.0.0.1', () => {
        second.close();
        first.close();
      });
    });
  },
  'closed-early': () => {
    const socket = open('udp4');
    socket.bind(port, '127.0.0.1');
    socket.close();
  },
  unbound: () => {
    const receiver = open('udp4', 'receiver');
    receiver.bind(port, '127.0.0.1', () => {
      const sender = dgram.createSocket('udp4');
      sender.send('hello', port, '127.0.0.1', () => sender.close());
    });
    receiver.on('message', (message) => {
      say('message', message.toString());
      receiver.close();
    });
  },
};
forms[form]();
