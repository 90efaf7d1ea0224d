import { connect } from 'node:net';
import { CliError } from '../errors.ts';

const answerMsMax = 3_000;

/** Resolves with the url when something listens there. @throws CliError naming the setting */
export async function requireNats(url: string): Promise<{ url: string }> {
  const { hostname, port } = parse(url);
  const socket = connect({ host: hostname, port: Number(port || 4222), timeout: answerMsMax });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
      socket.once('timeout', () => reject(new Error('no answer')));
    });
    return { url };
  } catch {
    throw new CliError(`no NATS server answers at ${hostname}:${port || 4222} (SHEAF_NATS_URL)`);
  } finally {
    socket.destroy();
  }
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    // Not shown: it may hold a token.
    throw new CliError('SHEAF_NATS_URL is not a URL such as nats://127.0.0.1:4222');
  }
}
