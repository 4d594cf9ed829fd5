// Runs before any module is there: asks for what the first view will show. `fetched` in api.js takes each answer once.
{
  const talk = /^#\/c\/([^/?]+)/.exec(location.hash)?.[1];
  const first = ["", "/messages?inactive=true&limit=30", "/turns?limit=30"].map((rest) => `/conversations/${talk}${rest}`);
  const paths = ["/auth/me", "/agents", "/conversations/?limit=50", ...(talk ? first : [])];
  const early = new Map(paths.map((path) => [path, fetch(path)]));
  for (const answer of early.values()) answer.catch(() => {}); // who takes it hears of it
  /** @type {any} */ (window).early = early;
}
