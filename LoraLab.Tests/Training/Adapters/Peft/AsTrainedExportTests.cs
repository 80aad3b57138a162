using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Cli;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Training;
using Xunit;

namespace LoraLab.Tests.Training.Adapters.Peft;

/// <summary>
/// Adapters of methods that change the base, exported as they were trained: PEFT's files of rank r with the starting factors beside them,
/// which evaluate, merge and continue as the converted ones do.
/// </summary>
public sealed class AsTrainedExportTests : IDisposable
{
    private readonly TestTrainer _trainer = new();

    public static TheoryData<string> Methods =>
        [.. LoraMethods.All.Where(method => method.TakesFromBase).Select(method => method.Id)];

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [MemberData(nameof(Methods))]
    public void Export_MethodThatChangesTheBase_EvaluatesMergesAndContinuesAsConverted(string method)
    {
        FinishedRun run = _trainer.Run(Spec(method));
        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        string converted = Path.Combine(run.Folder, RunFiles.Adapter);
        string exported = Path.Combine(_trainer.NewFolder(), "exported");

        Assert.True(PeftAsTrained.Write(converted, run.Prepared.Spec, exported));

        AssertHalves(converted, exported);
        Assert.Equal(LoraMethods.Find(method)!.PeftInitialization, (string?)Config(exported)["init_lora_weights"]);
        Assert.True((bool)Config(Path.Combine(exported, PeftStart.Folder))["init_lora_weights"]!);
        Assert.Equal((4, 8), ((int)Config(exported)["r"]!, (int)Config(exported)["lora_alpha"]!));
        Assert.Equal(Scores(converted), Scores(exported));
        Assert.Equal(Merged(converted), Merged(exported));

        JsonObject next = Spec(method);
        (next["initFrom"], next["maxSteps"]) = (exported, 1);
        FinishedRun continued = _trainer.Run(next);
        Assert.True(continued.Ended.Reason == EndReason.Finished, continued.Ended.Error);
        Assert.All(Numbers(run.Predictions(2)).Zip(Numbers(continued.Predictions(0))), pair =>
            Assert.Equal(pair.First, pair.Second, 1e-4));
        // Its own export starts where the first run did.
        PlainSafetensors first = new(Path.Combine(converted, PeftFiles.Weights));
        PlainSafetensors second = new(Path.Combine(continued.Folder, RunFiles.Adapter, PeftFiles.Weights));
        Assert.All(first.Names.Where(IsA), name => Assert.Equal(Half(first, name, 1), Half(second, name, 1)));
    }

    [Fact]
    public void Export_DoraFromPissa_EvaluatesAsConverted()
    {
        JsonObject spec = Spec("dora");
        spec["methodOptions"] = new JsonObject { ["init"] = "pissa" };
        FinishedRun run = _trainer.Run(spec);
        string exported = Path.Combine(_trainer.NewFolder(), "exported");

        Assert.True(PeftAsTrained.Write(Path.Combine(run.Folder, RunFiles.Adapter), run.Prepared.Spec, exported));

        JsonObject config = Config(exported);
        Assert.Equal(("pissa", true, 4), ((string)config["init_lora_weights"]!, (bool)config["use_dora"]!, (int)config["r"]!));
        Assert.Equal(Scores(Path.Combine(run.Folder, RunFiles.Adapter)), Scores(exported));
    }

    [Fact]
    public void Export_PatternsAndRandomizedDecomposition_AreAsInTheSpecification()
    {
        JsonObject spec = Spec("pissa");
        spec["rankPattern"] = new JsonObject { ["q_proj"] = 2 };
        spec["alphaPattern"] = new JsonObject { ["v_proj"] = 3 };
        spec["rankStabilized"] = true;
        spec["methodOptions"] = new JsonObject { ["svd"] = "randomised", ["svdIterations"] = 8 };
        FinishedRun run = _trainer.Run(spec);
        string converted = Path.Combine(run.Folder, RunFiles.Adapter);
        string exported = Path.Combine(_trainer.NewFolder(), "exported");

        PeftAsTrained.Write(converted, run.Prepared.Spec, exported);

        JsonObject config = Config(exported);
        Assert.Equal("pissa_niter_8", (string?)config["init_lora_weights"]);
        Assert.Equal((2, 3), ((int)config["rank_pattern"]!["q_proj"]!, (int)config["alpha_pattern"]!["v_proj"]!));
        Assert.Equal(Scores(converted), Scores(exported));
    }

    [Fact]
    public void Export_MethodThatDoesNotChangeTheBase_IsTheAdapterAsItIs()
    {
        FinishedRun run = _trainer.Run(Spec("lora"));
        string exported = Path.Combine(_trainer.NewFolder(), "exported");

        Assert.False(PeftAsTrained.Write(Path.Combine(run.Folder, RunFiles.Adapter), run.Prepared.Spec, exported));

        Assert.All(Directory.GetFiles(exported), file => Assert.Equal(
            File.ReadAllBytes(Path.Combine(run.Folder, RunFiles.Adapter, Path.GetFileName(file))), File.ReadAllBytes(file)));
        Assert.Equal(3, Directory.GetFileSystemEntries(exported).Length);
    }

    [Fact]
    public void Read_WithoutItsStartOrByAnotherMethod_IsRefusedByName()
    {
        FinishedRun run = _trainer.Run(Spec("pissa"));
        string exported = Path.Combine(_trainer.NewFolder(), "exported");
        PeftAsTrained.Write(Path.Combine(run.Folder, RunFiles.Adapter), run.Prepared.Spec, exported);
        JsonObject lora = Spec("lora");
        lora["initFrom"] = exported;

        string other = Assert.Single(_trainer.Services.Validator.Validate(lora).Errors).Message;
        File.WriteAllBytes(
            Path.Combine(exported, PeftStart.Folder, PeftFiles.Weights),
            HandmadeModel.Safetensors(AdapterFiles.Factors(layers: 2), new Dictionary<string, string> { ["format"] = "pt" }));
        string otherStart = Assert.Throws<RunFailure>(() => PeftAdapter.Read(exported)).Message;
        Directory.Delete(Path.Combine(exported, PeftStart.Folder), recursive: true);
        string noStart = Assert.Throws<RunFailure>(() => PeftAdapter.Read(exported)).Message;

        Assert.Contains("only as the start of a run of method pissa", other, StringComparison.Ordinal);
        Assert.Contains("so that it is not the start of the adapter", otherStart, StringComparison.Ordinal);
        Assert.Contains("put its starting adapter into the folder initial", noStart, StringComparison.Ordinal);
    }

    [Fact]
    public void Command_Export_WritesTheFormThatWasAskedFor()
    {
        FinishedRun run = _trainer.Run(Spec("olora"));
        string exported = Path.Combine(_trainer.NewFolder(), "exported");
        using TemporaryFolder data = new();

        TrainerProgram.Ended ended = new TrainerProgram(data.Path).Run(
            TimeSpan.FromMinutes(2), "export", "--adapter", run.Folder, "--out", exported, "--form", "asTrained");

        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Error);
        Assert.True(PeftStart.Exists(exported));
    }

    private static JsonObject Spec(string method)
    {
        JsonObject spec = MicroSpec.For(method);
        (spec["maxSteps"], spec["evalEvery"], spec["evalSamples"]) = (2, 2, 8);
        if (LoraMethods.Find(method)!.Calibrates)
        {
            spec["methodOptions"] = new JsonObject { ["calibrationSamples"] = 8 };
        }

        return spec;
    }

    private static bool IsA(string name) => name.Contains("lora_A", StringComparison.Ordinal);

    private static JsonObject Config(string folder) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftFiles.Config)))!.AsObject();

    private static void AssertHalves(string converted, string exported)
    {
        PlainSafetensors both = new(Path.Combine(converted, PeftFiles.Weights));
        PlainSafetensors trained = new(Path.Combine(exported, PeftFiles.Weights));
        PlainSafetensors start = new(Path.Combine(exported, PeftStart.Folder, PeftFiles.Weights));
        Assert.Equal(both.Names, trained.Names);
        Assert.Equal(both.Names, start.Names);
        foreach (string name in both.Names)
        {
            int sign = IsA(name) ? 1 : -1;
            Assert.Equal(Half(both, name, 0), trained.Matrix(name).Cast<double>());
            Assert.Equal(Half(both, name, 1).Select(value => sign * value), start.Matrix(name).Cast<double>());
        }
    }

    /// <summary>The first or the second half of a factor's ranks, row by row.</summary>
    private static IEnumerable<double> Half(PlainSafetensors file, string name, int half)
    {
        double[,] matrix = file.Matrix(name);
        (int rows, int columns) = (matrix.GetLength(0), matrix.GetLength(1));
        (int height, int width) = IsA(name) ? (rows / 2, columns) : (rows, columns / 2);
        (int top, int left) = IsA(name) ? (half * height, 0) : (0, half * width);
        return
        [
            .. from i in Enumerable.Range(0, height) from j in Enumerable.Range(0, width) select matrix[top + i, left + j],
        ];
    }

    private static IEnumerable<double> Numbers(IEnumerable<string[]> rows) => rows.SelectMany(row => row.Skip(3))
        .Select(text => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture));

    private IEnumerable<string> Scores(string adapter)
    {
        using PreparedRun run = new EvaluationRequest(adapter, null, null, null, 8, null).Prepare(_trainer.Services, out _);
        return [.. run.Evaluation.Run(run.Model, CancellationToken.None).Predictions.Rows.Select(row => string.Join(' ', row))];
    }

    private byte[] Merged(string adapter)
    {
        string output = Path.Combine(_trainer.NewFolder(), "merged");
        PeftMerge.Write(_trainer.Services.Models.Find("sample").Folder, adapter, output);
        return File.ReadAllBytes(Path.Combine(output, "model.safetensors"));
    }
}
