import { createClient } from 'redis';
import { firstValueFrom, filter } from 'rxjs';
import { Receiver } from '../../../lib/index.js';

// Subscribes one permitted and one forbidden channel, receives a message, and loses its connection once.

const url = process.env.REDIS_URL ?? '';
const admin = await createClient({ url }).connect();
await admin.aclSetUser('reader', ['on', '>open-sesame', 'resetchannels', '&news', '+@all']);
await using receiver = await Receiver.open(url.replace('//', '//reader:open-sesame@'));
const news = receiver.channel('news');
receiver.channel('forbidden');
await receiver.connect().catch(() => undefined);
const arrived = firstValueFrom(news);
await admin.publish('news', 'a payload');
await arrived;
const gap = firstValueFrom(receiver.events.pipe(filter(({ type }) => type === 'gap')));
await admin.sendCommand(['CLIENT', 'KILL', 'USER', 'reader']);
await gap;
admin.destroy();
