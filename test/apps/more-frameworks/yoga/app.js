// An unmodified graphql-yoga server with a subscription over server-sent events.
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';

const notes = [];
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      type Query {
        hello(name: String!): String!
        notes: [String!]!
        fails: String
      }
      type Mutation {
        note(text: String!): Int!
      }
      type Subscription {
        count(to: Int!): Int!
      }
    `,
    resolvers: {
      Query: {
        hello: (_root, { name }) => `hello ${name}`,
        notes: () => notes,
        fails: () => {
          throw new Error('thrown by a resolver');
        },
      },
      Mutation: { note: (_root, { text }) => notes.push(text) },
      Subscription: {
        count: {
          subscribe: async function* (_root, { to }) {
            for (let count = 1; count <= to; count += 1) {
              await new Promise((resolve) => setImmediate(resolve));
              yield { count };
            }
          },
        },
      },
    },
  }),
});

createServer(yoga).listen(Number(process.env.PORT ?? 3000));
