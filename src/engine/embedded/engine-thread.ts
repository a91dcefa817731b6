/** What the engine thread runs; see `thread-session.ts` for what it does. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ThreadOptions, ToThread } from './thread-messages.ts';
import { ThreadSession } from './thread-session.ts';

const port = parentPort;
if (port === null) throw new Error('this module is the body of a worker thread');
// Both sides of the channel are ours and of one build, so its messages are typed and not parsed.
const session = new ThreadSession(workerData as ThreadOptions, message => port.postMessage(message));
port.on('message', (message: ToThread) => session.receive(message));
process.on('uncaughtException', error => session.survive(error));
process.on('unhandledRejection', error => session.survive(error));
