const intervalMs = 500;

/**
 * Calls `gone` once when the process `pid` does not exist any more, at most a second later. A supervisor that was killed
 * cannot tell its children; they have to look.
 */
export function watchParent(pid: number, gone: () => void): { stop(): void } {
  const isDirect = process.ppid === pid;
  const timer = setInterval(() => {
    // A killed parent that nobody has reaped yet still has its pid, but no longer its children.
    if (isDirect ? process.ppid === pid : exists(pid)) return;
    clearInterval(timer);
    gone();
  }, intervalMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
