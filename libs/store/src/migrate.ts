import type { Store } from './store.ts';
export declare function migrate(store: Store, migrations: string): Promise<{ applied: string[] }>;
