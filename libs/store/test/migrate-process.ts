import pino from 'pino';
import { migrate, openStore } from '../src/index.ts';

/** A process that migrates one database and prints what it applied: `node <this bundle> <url> <folder>`. */
const [url, folder] = process.argv.slice(2);
const store = openStore({ url: url!, applicationName: 'migrate' }, { log: pino({ level: 'silent' }) });
migrate(store, folder!)
  .then(({ applied }) => process.stdout.write(JSON.stringify(applied)))
  .finally(() => store.close())
  .catch((error: unknown) => {
    process.stderr.write(String(error));
    process.exitCode = 1;
  });
