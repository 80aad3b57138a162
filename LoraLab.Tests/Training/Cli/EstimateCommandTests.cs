using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

public sealed class EstimateCommandTests : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Estimate_PrintsEveryComponent()
    {
        TrainerProgram.Ended ended = Estimate(MicroSpec.For("lora"));

        Assert.Equal(ExitCodes.Success, ended.ExitCode);
        Assert.All(
            [
                "weights",
                "adapters",
                "optimizer",
                "activations",
                "block",
                "logits",
                "evaluation",
                "indices",
                "process",
                "total",
                "The run has no memory budget.",
            ],
            part => Assert.Contains(part, ended.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Estimate_Json_IsTheRecordAndNothingElse()
    {
        MemoryEstimate estimate = Read(Estimate(MicroSpec.For("pissa"), "--json"));

        Assert.True(estimate.Fits);
        Assert.Null(estimate.Advice);
        Assert.Equal(Precision.Fp32, estimate.Precision);
        Assert.True(estimate.WeightsMb > 0 && estimate.AdaptersMb > 0 && estimate.ProcessMb > 50 && estimate.PassTokens > 0);
        Assert.InRange(estimate.TotalMb, estimate.TrainingMb, double.MaxValue);
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public void Estimate_OverBudget_HasItsOwnExitCode()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["memoryBudgetMb"] = 20;

        TrainerProgram.Ended ended = Estimate(spec, "--json");

        Assert.Equal(ExitCodes.OverBudget, ended.ExitCode);
        MemoryEstimate estimate = Read(ended);
        Assert.False(estimate.Fits);
        Assert.Contains("the budget is 20 MiB", estimate.Advice, StringComparison.Ordinal);
        Assert.Contains("use a smaller model or a larger memoryBudgetMb", estimate.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Estimate_BadSpecification_NamesTheField()
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["rank"] = 0;

        TrainerProgram.Ended ended = Estimate(spec);

        Assert.Equal(ExitCodes.BadUsage, ended.ExitCode);
        Assert.Contains("rank must be at least 1", ended.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Estimate_NoSuchFile_IsOneMessage()
    {
        TrainerProgram.Ended ended = new TrainerProgram(_folder.Path)
            .Run(_timeout, "estimate", "--spec", Path.Combine(_folder.Path, "none.json"));

        Assert.Equal(ExitCodes.Failure, ended.ExitCode);
        Assert.Contains("cannot be read as a run specification", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Estimate_FolderOfConfigurations_PrintsWhichModelsFit()
    {
        TrainerProgram.Ended ended = new TrainerProgram(_folder.Path)
            .Run(_timeout, "estimate", "--configs", Fixtures.Data("configs"), "--budget-mb", "8192");

        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Error);
        string[] lines = ended.Output.TrimEnd().Split('\n');
        Assert.Equal(2 + Directory.GetFiles(Fixtures.Data("configs"), "*.json").Length, lines.Length);
        // 1,100,048,384 parameters of two bytes, and two bytes more for each of 45 × 2,048 gains.
        Assert.StartsWith("| TinyLlama-1.1B-Chat-v1.0 | 1,100 M | 2,098 MiB |", lines.Single(line => line.Contains("TinyLlama")));
        Assert.All(lines.Where(line => line.Contains("-7B")), line => Assert.Contains("too large", line, StringComparison.Ordinal));
        Assert.DoesNotContain("too large", lines.Single(line => line.Contains("Llama-3.2-1B")), StringComparison.Ordinal);
    }

    [Fact]
    public void Estimate_NeitherSpecNorConfigurations_IsBadUsage() =>
        Assert.Equal(ExitCodes.BadUsage, new TrainerProgram(_folder.Path).Run(_timeout, "estimate").ExitCode);

    private TrainerProgram.Ended Estimate(JsonObject spec, params string[] more) =>
        new TrainerProgram(_folder.Path).Run(_timeout, ["estimate", "--spec", _folder.Write("spec.json", spec.ToJsonString()), .. more]);

    private static MemoryEstimate Read(TrainerProgram.Ended ended) =>
        JsonSerializer.Deserialize<MemoryEstimate>(ended.Output, ContractJson.Options)!;
}
