// An unmodified socket.io server: acknowledgements, rooms, binary data, polling and upgrade.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const server = createServer((_request, response) => response.end('socket.io'));
const io = new Server(server);

io.on('connection', (socket) => {
  socket.emit('welcome', { transport: socket.conn.transport.name });
  socket.on('ask', (value, answer) => answer({ youAsked: value }));
  socket.on('who', (answer) => answer(process.pid));
  socket.on('bytes', (value, answer) => answer(Buffer.concat([value, value])));
  socket.on('join', (room, answer) => {
    socket.join(room);
    answer('joined');
  });
  socket.on('tell', (room, text) => io.to(room).emit('told', text));
});

server.listen(Number(process.env.PORT ?? 3000));
