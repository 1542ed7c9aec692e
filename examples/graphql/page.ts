const SUBSCRIPTION = 'subscription { orderPaid { __typename ... on Order { id } ... on Missed { count } } }';

/** A page that pays orders by a mutation, and lists the paid ones by a subscription, without a GraphQL client. */
export const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Orders</title>
  <h1>Paid orders</h1>
  <button>Pay the next order</button>
  <ol id="orders"></ol>
  <script>
    const list = document.getElementById('orders');
    const add = (text) => list.append(Object.assign(document.createElement('li'), { textContent: text }));
    const source = new EventSource('/graphql?query=' + encodeURIComponent(${JSON.stringify(SUBSCRIPTION)}));
    source.addEventListener('next', ({ data }) => {
      const { orderPaid } = JSON.parse(data).data;
      add(orderPaid.__typename === 'Order' ? 'Order ' + orderPaid.id : 'Orders are missing');
    });
    let id = 0;
    document.querySelector('button').addEventListener('click', () => {
      const query = 'mutation { pay(id: ' + ++id + ') }';
      const headers = { 'content-type': 'application/json' };
      void fetch('/graphql', { method: 'POST', headers, body: JSON.stringify({ query }) });
    });
  </script>
</html>
`;
