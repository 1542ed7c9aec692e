/** An event of a consumer group, without its Channel. */
export type GroupEvent =
  | {
      /** An entry of a group was delivered `maxDeliveries` times without success, and has been acknowledged. */
      readonly type: 'dead-letter';
      /** The name of the group. */
      readonly group: string;
      /** The id of the entry. */
      readonly id: string;
      /** The number of its deliveries. */
      readonly deliveries: number;
      /** The stream that has the entry now; absent without the option `deadLetter`: the entry is in its own stream only. */
      readonly deadLetter?: string;
    }
  | {
      /**
       * A group was gone, and has been created anew behind the last entry that it is known to have delivered: a `gap` of the
       * cause `'log'` follows.
       */
      readonly type: 'group-lost';
      /** The name of the group. */
      readonly group: string;
    };
