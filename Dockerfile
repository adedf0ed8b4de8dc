# After ./dist:  docker build --tag xmppscope .
# docs/how-to/install.md shows how to use it.
FROM scratch

# Certificates of public CAs, for targets with TLS; --ca-file names others.
COPY --from=alpine:3.22 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY target/shipped/xmppscope /xmppscope

# Not root. To write files to a folder of your own: --volume "$PWD:/work" --user "$(id -u):$(id -g)"
USER 65532:65532
WORKDIR /work

# The proxy, the connection manager. Inside a container they have to listen on all addresses:
# proxy --listen 0.0.0.0:8124, cm --listen 0.0.0.0:5280
EXPOSE 8124 5280

ENTRYPOINT ["/xmppscope"]
