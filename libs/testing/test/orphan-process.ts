import { startNats, startPostgres } from '../src/index.ts';

/** A process that starts both servers in the folder of its first argument, prints their pids, and waits to be killed. */
const folder = process.argv[2]!;
void Promise.all([
  startPostgres({ dataDir: `${folder}/postgres`, persistent: true }),
  startNats({ dataDir: `${folder}/nats` }),
]).then((servers) => {
  process.stdout.write(`${JSON.stringify(servers.map(({ pid }) => pid))}\n`);
  setInterval(() => undefined, 60_000);
});
