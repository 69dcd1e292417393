# One image for every service; the command chooses which. Written with care and not run where it was written:
# there was no Docker engine.
FROM node:20.20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc turbo.json tsconfig.json ./
COPY shared shared
COPY services services
COPY test/package.json test/package.json
COPY scripts scripts
RUN npm ci --ignore-scripts && node scripts/build.mjs && npm prune --omit=dev --ignore-scripts

FROM node:20.20-bookworm-slim
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
WORKDIR /app
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/package.json package.json
COPY --from=build --chown=root:root /app/shared shared
COPY --from=build --chown=root:root /app/services services
RUN mkdir /data && chown node:node /data
USER node
ENV DATA_DIR=/data HTTP_HOST=0.0.0.0 SMTP_HOST=0.0.0.0 METRICS_HOST=0.0.0.0
EXPOSE 8080 2525 9464 9465
CMD ["node", "services/ingress/dist/main-http.js"]
