/** The parts of a response of Node that are needed to send a stream. */
export interface NodeResponse {
  /** True once the headers were sent. */
  readonly headersSent: boolean;
  /** True once the response has ended. */
  readonly writableEnded: boolean;
  /** True once the connection is closed; a response of HTTP/2 has only the event `close`. */
  readonly destroyed?: boolean;
  /** Sets a header. */
  setHeader(name: string, value: string): unknown;
  /** Sends the headers. */
  flushHeaders?(): void;
  /** Sends bytes; returns false if they have to wait for the browser. */
  write(chunk: Uint8Array): boolean;
  /** Ends the response. */
  end(): unknown;
  /** Closes the connection. */
  destroy(): unknown;
  /** Adds a listener of an event. */
  on(event: string, listener: () => void): unknown;
  /** Removes a listener of an event. */
  off(event: string, listener: () => void): unknown;
}

/** Sends a stream as a response of Node. */
export async function pipeTo(
  stream: ReadableStream<Uint8Array>,
  response: NodeResponse,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const reader = stream.getReader();
  let hasLeft = false;
  let onRoom: (() => void) | undefined;
  const onDrain = () => onRoom?.();
  // A stream that has failed rejects, and its error has been reported.
  const cancel = () => void reader.cancel().catch(() => undefined);
  const onClose = () => {
    hasLeft = true;
    cancel();
    onRoom?.();
  };
  const isOver = () => hasLeft || response.destroyed === true || response.writableEnded;
  response.on('drain', onDrain);
  response.on('close', onClose);
  try {
    if (!isOver() && !response.headersSent) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.flushHeaders?.();
    }
    while (!isOver()) {
      const { done, value } = await reader.read();
      if (isOver()) break;
      if (done) response.end();
      else if (!response.write(value)) await new Promise<void>((resolve) => (onRoom = resolve));
    }
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    cancel();
    response.off('drain', onDrain);
    response.off('close', onClose);
  }
}
