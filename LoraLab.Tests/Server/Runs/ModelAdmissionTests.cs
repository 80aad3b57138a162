using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>What would fail while a run is prepared is refused before anything is queued, with the same words everywhere.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class ModelAdmissionTests(RealServer fixture)
{
    private const string Pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:abcd\nsize 2200119864\n";

    [Fact]
    public async Task Submit_ModelThatCannotBeLoaded_IsRefusedByEveryRoute()
    {
        string folder = Directory.CreateDirectory(Path.Combine(fixture.Server.DataDirectory, "models", "pointer")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), HandmadeModel.Config);
        await File.WriteAllTextAsync(Path.Combine(folder, "model.safetensors"), Pointer);
        await File.WriteAllBytesAsync(Path.Combine(folder, "tokenizer.model"), HandmadeModel.Tokenizer());
        RunApi api = fixture.Api;
        int before = (await api.ReadAsync<RunList>(ApiRoutes.Runs)).Total;
        JsonObject spec = MicroSpec.For("lora");
        spec["model"] = "pointer";
        JsonObject sweep = new()
        {
            ["spec"] = spec.DeepClone(),
            ["space"] = new JsonArray(new JsonObject { ["field"] = "learningRate", ["values"] = new JsonArray(1e-3, 1e-4) }),
        };
        JsonObject study = new()
        {
            ["template"] = "better-call-lora",
            ["size"] = "smoke",
            ["model"] = "pointer",
            ["dataset"] = "sample",
        };

        foreach ((string route, JsonObject body) in new[]
        {
            (ApiRoutes.Runs, spec), (ApiRoutes.Runs + "?dryRun=true", spec), (ApiRoutes.Estimate, spec), (ApiRoutes.Sweeps, sweep),
            (ApiRoutes.Studies, study),
        })
        {
            JsonObject problem =
                await api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, route, RunApi.Json(body.ToJsonString()));
            Assert.Contains("is a Git LFS pointer", problem.ToJsonString(), StringComparison.Ordinal);
        }

        JsonNode listed = JsonNode.Parse(await api.Http.GetStringAsync(ApiRoutes.Models))!;
        JsonArray entries = listed as JsonArray ?? listed["items"]!.AsArray();
        JsonNode entry = entries.Single(model => (string?)model!["name"] == "pointer")!;
        Assert.False((bool)entry["usable"]!);
        Assert.Contains("run git lfs pull", (string?)entry["problem"], StringComparison.Ordinal);
        Assert.Equal(before, (await api.ReadAsync<RunList>(ApiRoutes.Runs)).Total);
        await AssertEncodingsAsync(api);
    }

    [Fact]
    public async Task Submit_Adapter_IsWarnedAboutOrRefusedBeforeItIsQueued()
    {
        string scaled = await WriteAdapterAsync("rs-lora", AdapterFiles.Weights(), use: "use_rslora");
        string pointer = await WriteAdapterAsync("pointer-adapter", Encoding.UTF8.GetBytes(Pointer));
        RunApi api = fixture.Api;
        JsonObject spec = MicroSpec.For("lora");
        spec["initFrom"] = scaled;

        RunDocument run = await api.SubmitAsync(spec.ToJsonString());
        spec["initFrom"] = pointer;
        JsonObject refused =
            await api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(spec.ToJsonString()));

        Assert.Contains(run.Warnings, warning => warning.Contains("s = 4 (lora_alpha 8, use_rslora), but the run uses s = 2"));
        Assert.Contains("run git lfs pull", refused["errors"]!["initFrom"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(RunState.Completed, (await api.WaitForEndAsync(run.Id)).State);
    }

    [Fact]
    public async Task Models_FolderWithANullInItsIndex_IsListedWithTheOthers()
    {
        string folder = Directory.CreateDirectory(Path.Combine(fixture.Server.DataDirectory, "models", "null-index")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), HandmadeModel.Config);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "model.safetensors.index.json"), """{"weight_map":{"model.norm.weight":null}}""");
        RunApi api = fixture.Api;

        string models = await api.Http.GetStringAsync(ApiRoutes.Models);

        Assert.Contains("has no 'weight_map' of tensors and their files", JsonNode.Parse(models)!.ToJsonString().Replace("\\u0027", "'"));
        Assert.Contains("\"sample\"", models, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Submit_ModelWithTokenizerJsonOnly_TrainsAndWarnsOfSpecialTokens()
    {
        string models = Path.Combine(fixture.Server.DataDirectory, "models");
        string folder = Directory.CreateDirectory(Path.Combine(models, "json-only")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), HandmadeModel.Config);
        await File.WriteAllBytesAsync(Path.Combine(folder, "model.safetensors"), HandmadeModel.Safetensors(HandmadeModel.Weights()));
        JsonObject tokenizer = HandmadeTokenizer.File(added: $"[{HandmadeTokenizer.Added(256, "<s>", "special")}]");
        await File.WriteAllTextAsync(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
        string large = Directory.CreateDirectory(Path.Combine(models, "large-vocabulary")).FullName;
        await File.WriteAllTextAsync(Path.Combine(large, "config.json"), HandmadeModel.Config);
        await File.WriteAllBytesAsync(Path.Combine(large, "model.safetensors"), HandmadeModel.Safetensors(HandmadeModel.Weights()));
        tokenizer["model"]!["vocab"]!["beyond"] = 270;
        tokenizer["added_tokens"] = new JsonArray();
        await File.WriteAllTextAsync(Path.Combine(large, "tokenizer.json"), tokenizer.ToJsonString());
        string data = Directory.CreateDirectory(Path.Combine(fixture.Server.DataDirectory, "datasets", "short")).FullName;
        string rows = string.Concat(Enumerable.Range(0, 16).Select(i => $"row {i}\t{i % 2}\n"));
        await File.WriteAllTextAsync(Path.Combine(data, "train.tsv"), $"sentence\tlabel\na <s> b\t1\n{rows}");
        await File.WriteAllTextAsync(Path.Combine(data, "dev.tsv"), $"sentence\tlabel\n{rows}");
        JsonObject spec = MicroSpec.For("lora");
        (spec["model"], spec["dataset"], spec["prompt"]) = ("json-only", "short", "{sentence} is {label}");
        (spec["trainSamples"], spec["evalSamples"], spec["dataSeed"]) = (17, 8, null);
        RunApi api = fixture.Api;

        RunDocument run = await api.SubmitAsync(spec.ToJsonString());
        spec["model"] = "large-vocabulary";
        JsonObject refused =
            await api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json(spec.ToJsonString()));

        Assert.Contains(run.Warnings, warning => warning.StartsWith("1 row contains the text of a special token", StringComparison.Ordinal)
            && warning.Contains("'<s>'", StringComparison.Ordinal));
        Assert.Contains(
            "tokenizer.json has 271 tokens, but vocab_size in config.json is 270",
            (string?)refused["errors"]!["model"]![0],
            StringComparison.Ordinal);
        Assert.Equal(RunState.Completed, (await api.WaitForEndAsync(run.Id)).State);
    }

    private async Task<string> WriteAdapterAsync(string name, byte[] weights, string? use = null)
    {
        string folder = Directory.CreateDirectory(Path.Combine(fixture.Server.DataDirectory, "models", name)).FullName;
        JsonObject config = AdapterFiles.Config();
        if (use is not null)
        {
            config[use] = true;
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "adapter_config.json"), "\uFEFF" + config.ToJsonString());
        await File.WriteAllBytesAsync(Path.Combine(folder, "adapter_model.safetensors"), weights);
        return name;
    }

    private static async Task AssertEncodingsAsync(RunApi api)
    {
        byte[] spec = Encoding.UTF8.GetBytes(MicroSpec.For("lora").ToJsonString());
        using ByteArrayContent marked = new([.. Encoding.UTF8.Preamble, .. spec]);
        marked.Headers.ContentType = new("application/json");
        using HttpResponseMessage accepted = await api.Http.PostAsync(ApiRoutes.Runs + "?dryRun=true", marked);
        Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);

        using ByteArrayContent wide = new(Encoding.Unicode.GetBytes(MicroSpec.For("lora").ToJsonString()));
        wide.Headers.ContentType = new("application/json");
        JsonObject refused = await api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, wide);
        Assert.Contains("save it as UTF-8", (string?)refused["detail"], StringComparison.Ordinal);
    }
}
