using System.Text.Json.Nodes;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Cli;
using LoraLab.Training.Models;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Requirements on every registered method.</summary>
public sealed class MethodBatteryTests(MethodRuns runs) : IClassFixture<MethodRuns>
{
    public static TheoryData<string> Methods => [.. LoraMethods.All.Select(method => method.Id)];

    /// <summary>The methods that train adapters.</summary>
    public static TheoryData<string> Adapters => [.. LoraMethods.All.Where(method => !method.TrainsWeights).Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Prepare_FreshAdapter_LeavesTheModelUnchanged(string method)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For(method);
        if (method == "lora-xs")
        {
            // The authors initialize R with a standard deviation of 1e-5, not 0.
            spec["methodOptions"] = new JsonObject { ["rInitStd"] = 0 };
        }

        using PreparedRun run = Prepare(trainer, spec);
        using Tensor ids_BT = tensor(run.Train[0].Ids.Select(id => (long)id).ToArray()).unsqueeze(0);
        using IDisposable noGrad = no_grad();

        using Tensor adapted = run.Model.Hidden(ids_BT, ForwardPass.Plain);
        using LlamaModel plain = LlamaLoader.Load(trainer.Services.Models.Find("sample").Folder, run.Model.Config, float32, CPU);
        using Tensor original = plain.Hidden(ids_BT, ForwardPass.Plain);

        double difference = adapted.sub(original).abs().max().item<float>();
        Assert.InRange(difference, 0, LoraMethods.Find(method)!.TakesFromBase ? 1e-4 : 0);
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Prepare_LiveModel_HasTheTrainableParametersOfTheClosedForm(string method)
    {
        using TestTrainer trainer = new();
        SpecValidation validation = trainer.Services.Validator.Validate(MicroSpec.For(method));
        using PreparedRun run = Prepare(trainer, MicroSpec.For(method));

        Assert.Equal(validation.TrainableParameters, run.TrainableParameters);
        bool trained = LoraMethods.Find(method)!.TrainsWeights;
        Assert.All(run.Model.Linears, linear => Assert.Equal(trained, linear.Weight_OI.requires_grad));
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_ExportedAdapter_GivesTheTrainedModelOnTheOriginalBase(string method)
    {
        FinishedRun run = runs.Of(method);
        Assert.Equal(EndReason.Finished, run.Ended.Reason);

        string[] trained = [.. run.Predictions(MicroSpec.Steps).SelectMany(row => row.Skip(3))];
        foreach (string[] reloaded in new[] { Evaluated(runs.Trainer, run), Reloaded(runs.Trainer, run) }
            .Select(rows => rows.SelectMany(row => row.Skip(3)).ToArray()))
        {
            Assert.Equal(trained.Length, reloaded.Length);
            for (int i = 0; i < trained.Length; i++)
            {
                Assert.Equal(Number(trained[i]), Number(reloaded[i]), 2e-3);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_SameSpecificationTwice_IsBitIdentical(string method)
    {
        FinishedRun first = runs.Of(method);
        FinishedRun second = runs.Trainer.Run(MicroSpec.For(method));

        Assert.Equal(first.Series(MetricKeys.TrainLoss), second.Series(MetricKeys.TrainLoss));
        Assert.Equal(
            File.ReadAllText(Path.Combine(first.Folder, RunFiles.PredictionsAt(MicroSpec.Steps))),
            File.ReadAllText(Path.Combine(second.Folder, RunFiles.PredictionsAt(MicroSpec.Steps))));
        Assert.Equal(first.ResultBytes(), second.ResultBytes());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Descriptor_Defaults_AreValidOptionsOfItsSchema(string method)
    {
        MethodDescriptor descriptor = LoraMethods.Find(method)!.Descriptor;
        List<FieldError> errors = [];

        JsonObject complete = LoraMethods.Find(method)!.Complete(descriptor.Defaults.DeepClone().AsObject(), errors);

        Assert.Empty(errors);
        Assert.Equal(descriptor.Options.Select(option => option.Name), complete.Select(pair => pair.Key));
        Assert.Equal(
            descriptor.Options.Select(option => option.Name), descriptor.OptionsSchema["properties"]!.AsObject().Select(pair => pair.Key));
    }

    [Theory]
    [InlineData("full", "full")]
    [InlineData("Full", "full")]
    [InlineData("randomised", "randomised")]
    [InlineData("Randomised", "randomised")]
    public void Complete_ChoiceInAnyCase_IsAccepted(string given, string expected)
    {
        List<FieldError> errors = [];

        JsonObject complete = LoraMethods.Find("pissa")!.Complete(new JsonObject { ["svd"] = given }, errors);

        Assert.Empty(errors);
        Assert.Equal(expected, (string?)complete["svd"]);
    }

    /// <summary>Predictions of <c>evaluate</c> with what the run saved, an adapter or a model.</summary>
    private static IEnumerable<IReadOnlyList<string>> Evaluated(TestTrainer trainer, FinishedRun run)
    {
        using PreparedRun model = new EvaluationRequest(run.Folder, null, null, null, null, null).Prepare(trainer.Services, out _);
        return [.. model.Evaluation.Run(model.Model, CancellationToken.None).Predictions.Rows];
    }

    /// <summary>Predictions of a run that starts from the adapter, before its first step.</summary>
    private static IEnumerable<IReadOnlyList<string>> Reloaded(TestTrainer trainer, FinishedRun run)
    {
        if (trainer.Services.Adapters.FindModel(run.Folder) is not null)
        {
            return Evaluated(trainer, run);
        }

        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        PeftConfig config = PeftImport.ReadConfig(adapter);
        JsonObject again = MicroSpec.For(config.Method);
        again["methodOptions"] = config.Options.DeepClone();
        again["rank"] = config.Rank;
        again["alpha"] = config.Alpha;
        again["initFrom"] = adapter;
        again["maxSteps"] = 1;
        FinishedRun loaded = trainer.Run(again);
        Assert.Equal(EndReason.Finished, loaded.Ended.Reason);
        return loaded.Predictions(0);
    }

    private static PreparedRun Prepare(TestTrainer trainer, JsonObject spec) =>
        trainer.Services.Preparation().Prepare(trainer.Services.Validator.Validate(spec).Spec!, CancellationToken.None);

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
