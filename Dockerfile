# LoraLab for the CPU. Build: docker compose build. The CUDA build needs the NVIDIA container runtime and
# --build-arg TORCH_BACKEND=cuda.
FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
ARG TORCH_BACKEND=cpu
# The dashboard takes ApexCharts from the npm registry while it is built.
RUN apt-get update \
 && apt-get install -y --no-install-recommends nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN dotnet publish LoraLab.Server -c Release -p:TorchBackend=$TORCH_BACKEND -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
# libtorch needs the OpenMP runtime.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /data && chown "$APP_UID" /data
WORKDIR /app
COPY --from=build /app .
# Inside the container it listens everywhere; docker-compose.yml publishes it on the loopback address only.
ENV ASPNETCORE_URLS=http://0.0.0.0:5080 \
    LoraLab__DataDirectory=/data
USER $APP_UID
VOLUME /data
EXPOSE 5080
# SIGTERM lets the worker save and the runs be marked before it ends.
STOPSIGNAL SIGTERM
ENTRYPOINT ["dotnet", "LoraLab.Server.dll"]
