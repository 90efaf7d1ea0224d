import { runService } from '@sheaf/service';
import { gateway } from './service.ts';

void runService(gateway);
