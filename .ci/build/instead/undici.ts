// The part of undici that the program uses: three dispatchers, `request` on each of them, and `connect`, by which a
// ProxyAgent asks for its tunnel.
import connect from 'undici/lib/api/api-connect.js';
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Client from 'undici/lib/dispatcher/client.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

// As undici's own index does it.
Object.assign(Dispatcher.prototype, { request, connect });

/** Asked for by @smithy/undici-http-handler only where it was given no dispatcher; it always is. */
export const getGlobalDispatcher = (): never => {
  throw new Error('there is no global dispatcher');
};

export { Agent, Client, Dispatcher, ProxyAgent };
