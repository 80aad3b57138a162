using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>
/// A model of each family through the server: a run is trained, interrupted, resumed and evaluated; its adapter is merged, and the merged
/// model has the evaluation of the run.
/// </summary>
public sealed class FamilyRunTests(FamilyServer family) : IClassFixture<FamilyServer>, IDisposable
{
    private const int Steps = 60;
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(2);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The family that differs most from Llama; the others take minutes more.</summary>
    [Theory]
    [Trait("Category", "Long")]
    [InlineData("gemma3")]
    public Task Run_OfAFamily_IsTrainedResumedExportedAndMerged(string name) => RunAsync(name);

    [Theory]
    [Trait("Category", "Exhaustive")]
    [InlineData("phi3")]
    [InlineData("qwen3")]
    [InlineData("llama3")]
    [InlineData("smollm2")]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    public Task Run_OfAnotherFamily_IsTrainedResumedExportedAndMerged(string name) => RunAsync(name);

    [Fact]
    public async Task Models_OfAllFamilies_AreUsable()
    {
        ModelEntry[] models = await family.Api.ReadAsync<ModelEntry[]>(ApiRoutes.Models);

        Assert.All(models, model => Assert.True(model.Usable, model.Problem));
        ModelEntry qwen = models.Single(model => model.Name == "qwen2/model");
        Assert.Equal(("Qwen 2 and 2.5", "BF16", null), (qwen.Family, qwen.Precision, qwen.LicenseFile));
        double weights = qwen.WeightBytes / (1024.0 * 1024);
        Assert.True(qwen.MemoryLimitMb > weights);
        MethodDescriptor[] methods = await family.Api.ReadAsync<MethodDescriptor[]>(ApiRoutes.Methods);
        Assert.Equal(methods.Select(method => method.Id), qwen.Memory.Select(memory => memory.Method));
        Assert.All(qwen.Memory, memory => Assert.True(memory.QueryValueMb > weights && memory.AllLinearMb >= memory.QueryValueMb));
        Assert.All(
            qwen.Memory.Where(memory => !methods.Single(method => method.Id == memory.Method).UnusedFields.Contains("targetModules")),
            memory => Assert.True(memory.AllLinearMb > memory.QueryValueMb, memory.Method));
    }

    private async Task RunAsync(string name)
    {
        RunApi api = family.Api;
        string model = $"{name}/model";
        string id = (await api.SubmitAsync(Spec(model).ToJsonString())).Id;
        await api.WaitAsync(id, run => run.Progress.Step > 10);
        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "cancel"), expected: HttpStatusCode.Accepted);
        Assert.Equal(RunState.Cancelled, (await api.WaitForEndAsync(id)).State);
        await api.SendAsync<RunDocument>(HttpMethod.Post, ApiRoutes.Run(id, "resume"), expected: HttpStatusCode.Accepted);

        RunDocument run = await api.WaitAsync(
            id, document => document.Attempts.Count == 2 && document.State.IsTerminal(), TimeSpan.FromMinutes(3));

        Assert.True(run.State == RunState.Completed, run.Error);
        Assert.True(run.Attempts[1].ResumedFrom > 0);
        double loss = Loss(family.Trainer(), "--adapter", id);
        Assert.Equal(loss, Loss(family.Trainer(), "--adapter", await ExportAsync(id), "--model", model), 1e-6 * loss);
        string merged = Path.Combine(_folder.Path, "merged");
        TrainerProgram.Ended merging = family.Trainer().Run(_timeout, "merge", "--adapter", id, "--out", merged);
        Assert.True(merging.ExitCode == ExitCodes.Success, merging.Error);
        // The weights of a merged model are rounded to the precision of its base.
        bool half = name is "llama3" or "smollm2" or "qwen2";
        Assert.Equal(loss, Loss(family.Trainer(_folder.Path), "--model", "merged"), (half ? 1e-2 : 1e-4) * loss);
    }

    private static JsonObject Spec(string model) => new()
    {
        ["model"] = model,
        ["dataset"] = "sample",
        ["method"] = "lora",
        ["rank"] = 4,
        ["alpha"] = 8,
        ["targetModules"] = "all-linear",
        ["learningRate"] = 0.002,
        ["trainSamples"] = Steps * 4,
        ["effectiveBatch"] = 4,
        ["evalEvery"] = 10,
        ["evalSamples"] = 16,
        ["precision"] = "fp32",
    };

    /// <summary>Downloads the adapter of a run and unpacks it as PEFT reads it.</summary>
    private async Task<string> ExportAsync(string id)
    {
        string folder = Path.Combine(_folder.Path, "exported");
        using ZipArchive adapter = new(await family.Api.Http.GetStreamAsync(ApiRoutes.Run(id, "adapter")));
        adapter.ExtractToDirectory(folder);
        return folder;
    }

    private static double Loss(TrainerProgram trainer, params string[] subject)
    {
        TrainerProgram.Ended ended = trainer.Run(_timeout, ["evaluate", .. subject, "--dataset", "sample", "--samples", "16"]);
        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Error);
        return double.Parse((string)JsonNode.Parse(ended.Output)!["loss"]!, CultureInfo.InvariantCulture);
    }
}
