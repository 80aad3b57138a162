using System.Globalization;
using System.Text.Json.Nodes;
using CsCheck;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Data;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>DoRA: the scale of each output, its gradient, dropout, and its starts.</summary>
public sealed class DoraTests(GoldenRuns runs) : IClassFixture<GoldenRuns>
{
    private const string Magnitude = "lora_magnitude_vector";

    [Theory]
    [InlineData("dora-qv")]
    [InlineData("dora-all")]
    [InlineData("dora-rslora-completion")]
    public void Train_FactorsOfPeft_FollowsPeftFromItsOwnMagnitudes(string name)
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(name);
        JsonArray steps = golden["train"]!.AsArray();
        using OpenRun run = runs.OpenSmall(PeftGoldens.Spec(golden, folder: null), "auto");
        using IDisposable scope = NewDisposeScope();
        Tensor[] own = [.. run.Prepared.Adapters.Select(adapter => adapter[Magnitude].detach().clone())];
        PeftGoldens.CopyStart(folder, run.Prepared);
        using (no_grad())
        {
            // B is zero, so that the magnitudes do not depend on A.
            foreach ((Adapter adapter, Tensor magnitude_O) in run.Prepared.Adapters.Zip(own))
            {
                Assert.True(adapter[Magnitude].allclose(magnitude_O, rtol: 1e-6, atol: 0), adapter.Module);
                adapter[Magnitude].copy_(magnitude_O);
            }
        }

        Assert.Null(run.Run());

        Assert.Equal(steps.Count, run.Reported(MetricKeys.TrainLoss).Count);
        Assert.All(steps.Zip(run.Reported(MetricKeys.TrainLoss)), pair =>
            Assert.Equal((double)pair.First!["loss"]!, pair.Second.Value, 1e-5 * pair.Second.Value));
        Assert.All(steps.Zip(run.Reported(MetricKeys.TrainGradNorm)), pair =>
            Assert.Equal((double)pair.First!["gradNorm"]!, pair.Second.Value, 1e-5 * pair.Second.Value));
    }

    [Fact]
    public void Forward_AnyShape_HasTheGradientsOfTheFormulaWithAConstantNorm() =>
        (from tokens in Gen.Int[1, 9]
         from height in Gen.Int[1, 14]
         from width in Gen.Int[1, 14]
         from rank in Gen.Int[1, 6]
         from biased in Gen.Bool
         from dropout in Gen.Bool
         from seed in Gen.Int[0, 1 << 20]
         select (tokens, height, width, rank, biased, dropout, seed)).Sample(
            found =>
            {
                using IDisposable scope = NewDisposeScope();
                using Generator generator = new((ulong)found.seed, CPU);
                Tensor w_OI = Random(found.height, found.width);
                Tensor? bias_O = found.biased ? Random(1, found.height).flatten() : null;
                using LinearLayer layer = new("m", w_OI.clone(), bias_O?.clone());
                RunSpec spec = AdaptedLlama.SpecOf("dora", found.rank, 3) with { Dropout = found.dropout ? 0.4 : 0 };
                layer.Adapter = LoraMethods.Find("dora")!.Create(layer, AdapterRequest.From(spec, "m"), spec.MethodOptions).To(float64);
                Shake(layer.Adapter, generator);
                Tensor x_BTI = Random(found.tokens, found.width).unsqueeze(0).requires_grad_(true);
                Tensor g_BTO = Random(found.tokens, found.height).unsqueeze(0);
                ForwardPass pass = new(Dropout: new(5, 1, [3], [found.tokens]));
                layer.Forward(x_BTI, pass).mul(g_BTO).sum().backward();
                Tensor[] gradients = [.. layer.Adapter.Trainable.Select(parameter => parameter.Value.grad!), x_BTI.grad!];

                double s = layer.Adapter.Scaling;
                Tensor a_RI = Leaf("lora_A"), b_OR = Leaf("lora_B"), m_O = Leaf(Magnitude);
                Tensor input_BTI = x_BTI.detach().clone().requires_grad_(true);
                Tensor dropped_BTI = found.dropout
                    ? input_BTI.mul(pass.Dropout!.Draw("m", 0.4, found.tokens, found.width, CPU))
                    : input_BTI;
                Tensor c_O = m_O.div(w_OI.Plus(b_OR.mm(a_RI).mul(s)).square().sum(1).sqrt().detach());
                // As PEFT writes it: the plain output, and on the dropped input (c - 1) W x + c s B A x.
                Tensor branch_BTO = functional.linear(functional.linear(dropped_BTI, a_RI), b_OR).mul(s);
                Tensor y_BTO = functional.linear(input_BTI, w_OI, bias_O)
                    .add(functional.linear(dropped_BTI, w_OI).mul(c_O.sub(1))).Plus(branch_BTO.mul(c_O));
                y_BTO.mul(g_BTO).sum().backward();

                using IDisposable noGrad = no_grad();
                foreach ((Tensor expected, Tensor has) in ((Tensor[])[a_RI.grad!, b_OR.grad!, m_O.grad!, input_BTI.grad!]).Zip(gradients))
                {
                    // Masks are fp32.
                    Assert.InRange(has.sub(expected).abs().max().item<double>(), 0, 1e-6 * (1 + expected.abs().max().item<double>()));
                }

                Tensor Random(int rows, int columns) => randn(rows, columns, dtype: float64, generator: generator);

                Tensor Leaf(string part) => layer.Adapter![part].detach().clone().requires_grad_(true);
            },
            iter: 100,
            threads: 1);

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Compute_AnyFactors_ScalesByTheNormToFp32(ScalarType dtype)
    {
        using IDisposable scope = NewDisposeScope();
        using Generator generator = new(3, CPU);
        using LinearLayer layer = new("m", randn(48, 160, dtype: float32, generator: generator).to(dtype));
        RunSpec spec = AdaptedLlama.SpecOf("dora", 8, 64);
        layer.Adapter = LoraMethods.Find("dora")!.Create(layer, AdapterRequest.From(spec, "m"), spec.MethodOptions);
        foreach (double size in (double[])[1e-3, 0.1, 3])
        {
            Shake(layer.Adapter, generator, size);
            using IDisposable noGrad = no_grad();

            Tensor found_O = layer.Adapter.Compute(layer).OutputScale_O!;

            Tensor update_OI = layer.Adapter["lora_B"].to(float64).mm(layer.Adapter["lora_A"].to(float64)).mul(layer.Adapter.Scaling);
            Tensor norm_O = layer.Weight_OI.to(float64).Plus(update_OI).square().sum(1).sqrt();
            Tensor error_O = found_O.to(float64).mul(norm_O).div(layer.Adapter[Magnitude].to(float64)).sub(1).abs();
            Assert.InRange(error_O.max().item<double>(), 0, 1e-6);
        }
    }

    [Theory]
    [InlineData("packed", false)]
    [InlineData("one by one", false)]
    [InlineData("packed", true)]
    public void Gradient_WithDropout_IsThatOfTheReferencePath(string packing, bool biases)
    {
        TrainingExample[] window = AdaptedLlama.Window(5, 4, [9, 10, 12, 21]);
        RunSpec spec = AdaptedLlama.SpecOf("dora") with { Dropout = 0.3 };
        DropoutMasks masks = new(11, 3, [], []);
        using AdaptedLlama adapted = Create();
        using AdaptedLlama wide = Create().ToFloat64Copy();

        double expected = wide.Accumulate(window, 1, masks: masks);
        double loss = adapted.AccumulatePacked(
            window, new(packing == "packed" ? int.MaxValue : 1, null, SharePrefix: false), masks: masks);

        Assert.Equal(expected, loss, 1e-6 * expected);
        Assert.InRange(Distance(adapted, wide), 0, 3e-6);

        AdaptedLlama Create() => AdaptedLlama.Create(
            spec, on: TinyLlama.Build(config: TinyLlama.Config with { AttentionBias = biases, MlpBias = biases })).Perturb(5);
    }

    [Fact]
    public void Gradient_WithBiases_IsThatOfTheReferencePath()
    {
        TrainingExample[] window = AdaptedLlama.Window(7, 9, [20, 14, 31, 14, 13, 25, 10]);
        using AdaptedLlama adapted = Create();
        using AdaptedLlama wide = Create().ToFloat64Copy();

        double expected = wide.Accumulate(window, 1);
        double loss = adapted.AccumulatePacked(window, new PassLimits(int.MaxValue, null, SharePrefix: true));

        Assert.Equal(expected, loss, 1e-6 * expected);
        Assert.InRange(Distance(adapted, wide), 0, 3e-6);

        static AdaptedLlama Create() => AdaptedLlama.Create(
            AdaptedLlama.SpecOf("dora"), on: TinyLlama.Build(config: TinyLlama.Config with { AttentionBias = true, MlpBias = true }))
            .Perturb(5);
    }

    [Theory]
    [InlineData("kaiming")]
    [InlineData("gaussian")]
    [InlineData("pissa")]
    public void Create_AnyStart_HasScalesOfOne(string init)
    {
        using IDisposable scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using Generator generator = new(3, CPU);
        using LinearLayer layer = new("m", randn(24, 40, dtype: float32, generator: generator));
        Tensor original_OI = layer.Weight_OI.clone();
        RunSpec spec = AdaptedLlama.SpecOf("dora", 4, 8, new JsonObject { ["init"] = init });

        layer.Adapter = LoraMethods.Find("dora")!.Create(layer, AdapterRequest.From(spec, "m"), spec.MethodOptions);

        LayerTensors tensors = layer.Adapter.Compute(layer);
        Assert.Equal(0, tensors.OutputScale_O!.sub(1).abs().max().item<float>());
        Assert.Equal(init == "pissa", layer.Adapter.Find("taken_A") is not null);
        Tensor whole_OI = layer.Weight_OI.Plus(tensors.B_OR!.mm(tensors.A_RI!).mul(layer.Adapter.Scaling));
        Assert.InRange(whole_OI.sub(original_OI).abs().max().item<float>(), 0, 1e-5);
        Tensor norm_O = original_OI.square().sum(1).sqrt();
        Assert.InRange(layer.Adapter[Magnitude].sub(norm_O).abs().max().item<float>(), 0, 1e-5);
    }

    [Fact]
    public void Train_FromPissasStart_ExportsAnAdapterOfTheOriginalBase()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("dora");
        spec["learningRate"] = 1e-3;
        spec["learningRateB"] = 4e-3;
        spec["rankStabilized"] = true;
        spec["methodOptions"] = new JsonObject { ["init"] = "pissa" };
        FinishedRun run = trainer.Run(spec);
        string folder = Path.Combine(run.Folder, RunFiles.Adapter);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftFiles.Config)))!;
        Assert.Equal((true, true, 8, 8 * Math.Sqrt(2)), (
            (bool)config["use_dora"]!, (bool)config["use_rslora"]!, (int)config["r"]!, (double)config["lora_alpha"]!));
        JsonObject again = MicroSpec.For("dora");
        (again["rank"], again["alpha"], again["rankStabilized"]) = (8, 8 * Math.Sqrt(2), true);
        (again["initFrom"], again["maxSteps"]) = (folder, 1);

        FinishedRun loaded = trainer.Run(again);

        double[] scores = Scores(run, MicroSpec.Steps), reloaded = Scores(loaded, 0);
        Assert.Equal(scores.Length, reloaded.Length);
        Assert.All(scores.Zip(reloaded), pair => Assert.Equal(pair.First, pair.Second, 2e-3));

        static double[] Scores(FinishedRun run, int step) =>
            [.. run.Predictions(step).SelectMany(row => row.Skip(3)).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
    }

    // Adds noise, so that no gradient is zero only because a factor is.
    private static void Shake(Adapter adapter, Generator generator, double size = 0.5)
    {
        using IDisposable noGrad = no_grad();
        foreach (AdapterParameter parameter in adapter.Trainable)
        {
            parameter.Value.PlusInPlace(randn(parameter.Value.shape, generator: generator).mul(size).to(parameter.Value.dtype));
        }
    }

    private static double Distance(AdaptedLlama found, AdaptedLlama expected)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor wide = expected.Gradient().to(float64);
        return (found.Gradient().to(float64).sub(wide).norm() / wide.norm()).item<double>();
    }
}
