import { createClient } from 'redis';
import { firstValueFrom, map, type Observable } from 'rxjs';
import { type Message, Receiver, json } from 'rx-redis-receiver';

interface Order {
  readonly id: number;
}

export async function typed(): Promise<number | undefined> {
  const receiver = new Receiver<Order>(createClient(), { codec: json<Order>(), capacity: 10 });
  const ids: Observable<number> = receiver.channel('orders').pipe(map(({ data }) => data.id));
  await receiver.connect();
  const message: Message<Order> | undefined = await receiver.get();
  await receiver.stop();
  // @ts-expect-error: the data are typed
  void message?.data.name;
  return message?.data.id ?? firstValueFrom(ids);
}

export async function text(): Promise<string[]> {
  const receiver = await Receiver.open({ url: 'redis://127.0.0.1' });
  const data: string[] = [];
  for await (const message of receiver) data.push(message.data);
  return data;
}
