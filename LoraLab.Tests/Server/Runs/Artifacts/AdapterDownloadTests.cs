using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs.Artifacts;

/// <summary>The zip of a run's result: an adapter in either form, or the model of a run that trained all weights.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class AdapterDownloadTests(RealServer real)
{
    private static readonly string[] _adapter = ["adapter_config.json", "adapter_model.safetensors"];

    [Fact]
    public async Task Adapter_OfAMethodThatChangesTheBase_HasTwoForms()
    {
        string id = await RunAsync("pissa");

        (string name, IReadOnlyDictionary<string, string> converted) = await DownloadAsync(id, "");
        (string trainedName, IReadOnlyDictionary<string, string> trained) = await DownloadAsync(id, "?form=asTrained");

        string run = FileNames.Part((await real.Api.GetAsync(id)).Name);
        Assert.Equal(($"{run}-{id}-adapter.zip", $"{run}-{id}-adapter-as-trained.zip"), (name, trainedName));
        Assert.Equal([.. _adapter, "loralab.json"], converted.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            [.. _adapter, .. _adapter.Select(file => "initial/" + file), "loralab.json"], trained.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((8, true), Form(converted["adapter_config.json"]));
        Assert.Equal((4, false), Form(trained["adapter_config.json"]));
        Assert.Equal((4, true), Form(trained["initial/adapter_config.json"]));
        JsonObject refused = await real.Api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Run(id, "adapter") + "?form=plain");
        Assert.Contains("converted or asTrained", refused.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adapter_OfARunThatTrainedAllWeights_IsTheModel()
    {
        string id = await RunAsync("full");

        (string name, IReadOnlyDictionary<string, string> files) = await DownloadAsync(id, "");
        (string sameName, IReadOnlyDictionary<string, string> same) = await DownloadAsync(id, "?form=asTrained");

        Assert.Equal(($"{FileNames.Part((await real.Api.GetAsync(id)).Name)}-{id}-model.zip", name), (name, sameName));
        Assert.Equal(files.Keys, same.Keys);
        string[] model = ["config.json", "loralab.json", "model.safetensors", "tokenizer.model"];
        Assert.Empty(model.Except(files.Keys));
        Assert.DoesNotContain(files.Keys, file => file.StartsWith("adapter", StringComparison.Ordinal));
        Assert.Equal("full", (string?)JsonNode.Parse(files["loralab.json"])!["spec"]!["method"]);
    }

    private static (int Rank, bool OriginalBase) Form(string config)
    {
        JsonNode json = JsonNode.Parse(config)!;
        return ((int)json["r"]!, json["init_lora_weights"]!.GetValueKind() == System.Text.Json.JsonValueKind.True);
    }

    private async Task<string> RunAsync(string method)
    {
        JsonObject spec = MicroSpec.For(method);
        (spec["maxSteps"], spec["evalSamples"]) = (1, 4);
        RunDocument run = await real.Api.WaitForEndAsync((await real.Api.SubmitAsync(spec.ToJsonString())).Id);
        Assert.True(run.State == RunState.Completed, run.Error);
        return run.Id;
    }

    private async Task<(string Name, IReadOnlyDictionary<string, string> Files)> DownloadAsync(string id, string query)
    {
        using HttpResponseMessage response = await real.Api.Http.GetAsync(ApiRoutes.Run(id, "adapter") + query);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using ZipArchive zip = new(await response.Content.ReadAsStreamAsync());
        Dictionary<string, string> files = [];
        foreach (ZipArchiveEntry entry in zip.Entries)
        {
            using StreamReader reader = new(entry.Open());
            files[entry.FullName] = await reader.ReadToEndAsync();
        }

        return (response.Content.Headers.ContentDisposition!.FileName!.Trim('"'), files);
    }
}
