/** The parts of a response of Node that are needed to send a stream. */
export interface NodeResponse {
  /** True once the headers were sent. */
  readonly headersSent: boolean;
  /** True once the response has ended. */
  readonly writableEnded: boolean;
  /** True once the connection is closed. */
  readonly destroyed: boolean;
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
  let onRoom: (() => void) | undefined;
  const onDrain = () => onRoom?.();
  const onClose = () => {
    void reader.cancel();
    onRoom?.();
  };
  const hasLeft = () => response.destroyed;
  if (hasLeft()) return reader.cancel();
  response.on('drain', onDrain);
  response.on('close', onClose);
  try {
    if (!response.headersSent) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.flushHeaders?.();
    }
    for (;;) {
      const { done, value } = await reader.read();
      if (done || hasLeft()) break;
      if (!response.write(value)) await new Promise<void>((resolve) => (onRoom = resolve));
    }
    if (!hasLeft()) response.end();
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    response.off('drain', onDrain);
    response.off('close', onClose);
  }
}
