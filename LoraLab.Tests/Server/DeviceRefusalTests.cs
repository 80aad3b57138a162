using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Server;

/// <summary>A device that this build lacks, requested through the API, with the real trainer.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class DeviceRefusalTests(RealServer real)
{
    [Fact]
    public async Task Submit_CudaOnABuildWithoutIt_NamesTheFieldAndTheBuildProperty()
    {
        if (DeviceChoice.Backend != "cpu")
        {
            Assert.Skip("This build has CUDA.");
        }

        JsonObject problem = await real.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json("""{"device":"cuda:0"}"""));

        Assert.Contains("-p:TorchBackend=cuda", (string?)problem["errors"]!["device"]![0], StringComparison.Ordinal);
    }
}
