/** What a GraphQL server shows to its clients: queries, mutations, errors, a subscription over server-sent events. */
import { answersTo, type Step } from './http.js';

const json = { 'content-type': 'application/json' };

function ask(query: string, variables: unknown = {}, accept = 'application/graphql-response+json'): Step {
  return { path: '/graphql', method: 'POST', headers: { ...json, accept }, body: JSON.stringify({ query, variables }) };
}

export function graphqlBehaviour(port: number): Promise<unknown[]> {
  return answersTo(port, [
    ask('query ($name: String!) { hello(name: $name) }', { name: 'grüße' }),
    ask('mutation { note(text: "one") }'),
    ask('{ notes }'),
    ask('{ fails }'),
    ask('{ unknown }'),
    ask('not graphql'),
    ask('subscription { count(to: 20) }', {}, 'text/event-stream'),
    { path: '/graphql?query=%7Bnotes%7D', headers: { accept: 'application/json' } },
    { path: '/graphql', method: 'OPTIONS', headers: { origin: 'http://other.test' } },
    { path: '/graphql', method: 'PUT' },
    { path: '/health' },
    { path: '/missing' },
  ]);
}
