export { devToken } from './generated/dev-token.ts';
