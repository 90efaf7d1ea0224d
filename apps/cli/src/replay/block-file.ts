import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { systemCode } from '../errors.ts';
import { invalid } from './fields.ts';
import { replayLimits } from './limits.ts';

const unzip = promisify(gunzip);

/** The JSON of a gzip file. @throws ChainError `INVALID_ARGUMENT` naming the file, one sentence whatever is wrong with it */
export async function readBlockFile(file: string): Promise<unknown> {
  const { fileBytesMax, jsonBytesMax } = replayLimits;
  const packed = await named(file, async () => {
    const { size } = await stat(file);
    if (size > fileBytesMax) throw invalid(file, `has ${size} bytes; at most ${fileBytesMax} are read`);
    return readFile(file);
  });
  const json = await named(file, () => unzip(packed, { maxOutputLength: jsonBytesMax }));
  try {
    return JSON.parse(json.toString('utf8')) as unknown;
  } catch {
    throw invalid(file, 'holds no JSON');
  }
}

/** What the system says of a file, in words. */
const words: Record<string, string> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EISDIR: 'is a directory',
  EACCES: 'may not be read',
  Z_DATA_ERROR: 'is not gzip, or is damaged',
  Z_BUF_ERROR: 'ends too early for gzip',
  ERR_BUFFER_TOO_LARGE: `unpacks to more than ${replayLimits.jsonBytesMax} bytes`,
};

async function named<Value>(file: string, read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    const what = words[systemCode(error) ?? ''];
    throw what === undefined ? error : invalid(file, what);
  }
}
