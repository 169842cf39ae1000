# The image of the server: docker build -t roster .
# packaging/image.sh makes the same image where there is no engine. It reads the last stage below, so keep to its instructions.

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS dotnet

# Debian 12, with the Node.js that the console's pages need. The server is compiled for the C library of this stage.
FROM node:22-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates clang git libicu72 libssl3 mmdebstrap
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
ENV PATH=$PATH:/usr/share/dotnet DOTNET_CLI_TELEMETRY_OPTOUT=1
COPY . /source
WORKDIR /source
RUN dotnet publish src/Roster.Server -c Release -o /published
RUN packaging/image-root.sh /published /root-of-image

FROM scratch
LABEL org.opencontainers.image.title="Roster"
LABEL org.opencontainers.image.description="A self-hosted partner directory"
LABEL org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /root-of-image /
ENV ROSTER_DATABASE=sqlite:/data/roster.db
ENV ROSTER_URLS=http://*:5080
ENV ROSTER_FIRST_KEY_FILE=/data/first-key
# Copies of files that are imported, up to 29 at once. The rest of the image can be read-only.
ENV TMPDIR=/data
# Else .NET leaves a socket for its tools there whenever the server is killed.
ENV DOTNET_EnableDiagnostics=0
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 5080
STOPSIGNAL SIGTERM
# Whoever restarts what is unhealthy must not restart a server whose disk is full: it still reads.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/usr/bin/roster-server", "health", "--live"]
ENTRYPOINT ["/usr/bin/roster-server"]
