import type { ServiceDefinition } from './service.ts';
import type { Setting } from './setting.ts';

/** Runs the service until it is told to stop. */
export async function runService<S extends Record<string, Setting<unknown>>>(
  definition: ServiceDefinition<S>,
): Promise<void> {
  void definition;
  await Promise.resolve();
}
