# LoraLab for the CPU. Build with: docker compose build. For CUDA, add --build-arg TORCH_BACKEND=cuda and use the NVIDIA container
# runtime (docker-compose.gpu.yml).
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
ARG TORCH_BACKEND=cpu
# The build of the dashboard fetches ApexCharts from the npm registry.
RUN apt-get update \
 && apt-get install -y --no-install-recommends nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN dotnet publish LoraLab.Server -c Release -p:TorchBackend=$TORCH_BACKEND -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
# libtorch requires the OpenMP runtime; curl asks the server's health.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 curl \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /data && chown "$APP_UID" /data
WORKDIR /app
COPY --from=build /app .
# The server listens on all addresses of the container; docker-compose.yml publishes it on the loopback address only.
ENV ASPNETCORE_URLS=http://0.0.0.0:5080 \
    LoraLab__DataDirectory=/data
USER $APP_UID
VOLUME /data
EXPOSE 5080
# On SIGTERM, workers save checkpoints and runs are marked before the server exits.
STOPSIGNAL SIGTERM
ENTRYPOINT ["dotnet", "LoraLab.Server.dll"]
