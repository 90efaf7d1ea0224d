import type { Setting } from './setting.ts';

interface SystemFault {
  code: string;
  port?: number;
  address?: string;
  path?: string;
}

/**
 * Why a start failed, as one sentence that an operator can act on: a taken port, a missing permission, a full disk or a
 * refused connection is named with the setting it comes from; anything else is the error's own first line.
 */
export function explainFailure(
  error: unknown,
  settings: Record<string, Setting<unknown>>,
  values: Record<string, unknown>,
): string {
  const fault = systemFault(error);
  return (fault && explainFault(fault, settings, values)) ?? firstLine(error);
}

function explainFault(
  fault: SystemFault,
  settings: Record<string, Setting<unknown>>,
  values: Record<string, unknown>,
): string | undefined {
  const at = (match: (value: unknown, one: Setting<unknown>) => boolean) => {
    const names = Object.entries(settings)
      .filter(([key, one]) => match(values[key], one))
      .map(([, one]) => one.env);
    return names.length === 0 ? '' : ` (${names.join(', ')})`;
  };
  const samePort = at((value, one) => value === fault.port && one.env.endsWith('_PORT'));
  const samePath = at((value) => typeof value === 'string' && value !== '' && isWithin(fault.path, value));
  const where = fault.address === undefined ? '' : ` on ${fault.address}`;
  switch (fault.code) {
    case 'EADDRINUSE':
      return `port ${fault.port}${where} is already in use${samePort}`;
    case 'EADDRNOTAVAIL':
      return `${fault.address} is no address of this machine${at((value) => value === fault.address)}`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      if (fault.port !== undefined)
        return `port ${fault.port}${where} needs a permission that this process does not have${samePort}`;
      return fault.path === undefined
        ? undefined
        : `${fault.path} is not writable or readable by this process${samePath}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk is full${fault.path === undefined ? '' : ` at ${fault.path}`}${samePath}`;
    case 'ENOENT':
      return fault.path === undefined ? undefined : `${fault.path} does not exist${samePath}`;
    case 'ENOTDIR':
    case 'EEXIST':
      return fault.path === undefined ? undefined : `${fault.path} is not a folder${samePath}`;
    default:
      return undefined;
  }
}

function isWithin(path: string | undefined, folder: string): boolean {
  return path !== undefined && (path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`));
}

/** The first error of the cause chain that the operating system gave. */
function systemFault(error: unknown): SystemFault | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth++) {
    const { code } = one as { code?: unknown };
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code) && 'syscall' in one) return one as unknown as SystemFault;
  }
  return undefined;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] || 'for a reason that was not given';
}
