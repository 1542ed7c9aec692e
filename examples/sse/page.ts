/** A page that lists the news. Its EventSource connects again by itself, and tells the server the id of its last event. */
export const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>News</title>
  <h1>News</h1>
  <ol id="news"></ol>
  <script>
    const list = document.getElementById('news');
    const source = new EventSource('/news');
    const add = (text) => list.append(Object.assign(document.createElement('li'), { textContent: text }));
    source.addEventListener('message', ({ data }) => add(data));
    source.addEventListener('gap', ({ data }) => add('Messages are missing: ' + data));
  </script>
</html>
`;
