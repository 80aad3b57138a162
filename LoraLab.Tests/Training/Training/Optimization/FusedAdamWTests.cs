using CsCheck;
using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training.Optimization;

/// <summary>
/// Compares the optimizer with the formula in float64 (Loshchilov and Hutter 2019, as in PyTorch) at each step: clipping, weight decay,
/// two learning rates, loss scale, and steps that are not finite.
/// </summary>
public sealed class FusedAdamWTests
{
    private const int Steps = 12;

    [Theory]
    [InlineData(0.3, 0.0, 1)]
    [InlineData(1.0, 0.1, 1)]
    [InlineData(null, 0.1, 1)]
    [InlineData(0.3, 0.0, 65536)]
    [InlineData(null, 0.0, 1024)]
    public void Step_AnyClippingDecayAndScale_FollowsTheFormula(double? limit, double decay, double scale)
    {
        using Pair pair = new(limit, decay);
        for (int step = 1; step <= Steps; step++)
        {
            double norm = pair.Step(step, scale);

            Assert.Equal(norm, pair.LoggedNorm(step), 2e-6 * norm);
            pair.AssertSame();
        }
    }

    [Fact]
    public void Step_NotFinite_ChangesNothingUntilTheOverflowIsCleared()
    {
        using Pair pair = new(1.0, 0.01);
        pair.Step(1, 1);
        float[] before = pair.Values();

        pair.StepFused(2, 1, overflow: true);
        pair.StepFused(3, 1);
        Assert.Equal(before, pair.Values());

        // The formula skips those steps: the step count of the bias correction was restored too.
        pair.Fused.ClearOverflow();
        pair.Step(4, 1);
        pair.AssertSame();
    }

    [Fact]
    public void Restore_AfterSomeUpdates_ContinuesExactly()
    {
        using Pair pair = new(1.0, 0.01);
        pair.Step(1, 1);
        pair.Step(2, 1);
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> moments = pair.Fused.State.ToDictionary(moment => moment.Key, moment => moment.Value.clone());

        pair.Fused.Restore(2, name => moments[name]);
        pair.Step(3, 1);

        Assert.Equal(
            ["a.moment1", "a.moment2", "b.moment1", "b.moment2", "c.moment1", "c.moment2"], moments.Keys.Order(StringComparer.Ordinal));
        pair.AssertSame();
    }

    [Fact]
    public void Step_AnyGradients_FollowsTheFormulaInFloat64() =>
        Gen.Select(Gen.Double[-3, 3].Array[1, 12], Gen.Double[1e-5, 0.1], Gen.Double[0, 0.5], Gen.Double[0, 1]).Sample(
            (gradients, rate, decay, start) =>
            {
                using IDisposable scope = NewDisposeScope();
                Tensor parameter = tensor(new[] { start }, float32).requires_grad_(true);
                using FusedAdamW optimizer = new(new FlatParameters([("p", parameter, rate)]), decay, maxGradNorm: null);
                Tensor log = zeros(1, 2, float64);
                Formula formula = new((float)start, rate, decay);
                for (int t = 1; t <= gradients.Length; t++)
                {
                    double factor = 1 - ((t - 1) / (double)gradients.Length);
                    SetGradient(optimizer, parameter, gradients[t - 1]);
                    optimizer.Step(t, ones(1, float64), 1, factor, log, 0);
                    formula.Step((float)gradients[t - 1], factor);
                }

                Assert.Equal(formula.Value, parameter.item<float>(), 1e-5 * (1 + Math.Abs(formula.Value)));
            },
            iter: 200,
            threads: 1);

    [Fact]
    public void Step_SettingsOfLoraFa_FollowItsFormula()
    {
        const double Rate = 0.01, Decay = 0.2;
        using IDisposable scope = NewDisposeScope();
        Tensor parameter = tensor(new[] { 0.7f }).requires_grad_(true);
        using FusedAdamW optimizer = new(
            new FlatParameters([("p", parameter, Rate)]), Decay, maxGradNorm: null, LoraMethods.Find("lora-fa")!.Optimizer);
        Tensor log = zeros(1, 2, float64);
        (double value, double m, double v) = (0.7f, 0, 0);
        for (int t = 1; t <= Steps; t++)
        {
            // So small that ε matters.
            float gradient = 1e-5f * MathF.Cos(t);
            SetGradient(optimizer, parameter, gradient);

            optimizer.Step(t, ones(1, float64), 1, 1, log, 0);

            m = (0.9 * m) + (0.1 * gradient);
            v = (0.999 * v) + (0.001 * gradient * gradient);
            value -= Rate * Math.Sqrt(1 - Math.Pow(0.999, t)) / (1 - Math.Pow(0.9, t)) * m / (Math.Sqrt(v) + 1e-6);
            value -= Rate * Decay * value;
            Assert.Equal(value, parameter.item<float>(), 1e-6);
        }
    }

    [Fact]
    public void Step_GroupsOfTwoRates_KeepTheirRatioUnderASchedule()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor a = zeros(1).requires_grad_(true);
        Tensor b = zeros(1).requires_grad_(true);
        using FusedAdamW optimizer = new(new FlatParameters([("a", a, 1e-3), ("b", b, 16e-3)]), 0, maxGradNorm: null);
        Tensor log = zeros(1, 2, float64);
        double before = 0, beforeB = 0;
        foreach (double factor in (double[])[1, 0.8, 0.3, 0.01])
        {
            SetGradient(optimizer, a, 0.7);
            AddGradient(b, 0.7);
            optimizer.Step(1, ones(1, float64), 1, factor, log, 0);
            (double movedA, double movedB) = (a.item<float>() - before, b.item<float>() - beforeB);
            Assert.Equal(16, movedB / movedA, 0.01);
            (before, beforeB) = (a.item<float>(), b.item<float>());
        }
    }

    [Fact]
    public void Step_SeveralGroups_LogsTheNormOfAllTogetherBeforeClipping()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor a = ones(3).requires_grad_(true);
        Tensor b = ones(2, 2).requires_grad_(true);
        Tensor without = ones(5).requires_grad_(true);
        using FusedAdamW optimizer = new(
            new FlatParameters([("a", a, 1e-3), ("b", b, 16e-3), ("without", without, 1)]), 0, maxGradNorm: 0.5);
        Tensor log = zeros(2, 2, float64);
        SetGradient(optimizer, a, 2);
        AddGradient(b, -3);

        optimizer.Step(1, ones(1, float64), 1, 1, log, 0);
        optimizer.ZeroGradients();
        optimizer.Step(2, ones(1, float64), 1, 1, log, 1);

        double[] logged = TensorReader.Doubles(log);
        Assert.Equal(Math.Sqrt((3 * 4) + (4 * 9)), logged[1], 1e-5);
        Assert.Equal(0, logged[3]);
        // It has no gradient and no weight decay.
        Assert.All(TensorReader.Floats(without), value => Assert.Equal(1f, value));
    }

    private static void SetGradient(FusedAdamW optimizer, Tensor parameter, double value)
    {
        optimizer.ZeroGradients();
        AddGradient(parameter, value);
    }

    // Accumulates as a backward pass does, in the view that is the gradient.
    private static void AddGradient(Tensor parameter, double value)
    {
        using IDisposable scope = NewDisposeScope();
        parameter.sum().mul(value).backward();
    }

    /// <summary>AdamW for one parameter in float64.</summary>
    private sealed class Formula(double start, double rate, double decay)
    {
        private double _m, _v;
        private int _steps;

        public double Value { get; private set; } = start;

        public void Step(double gradient, double factor)
        {
            _steps++;
            double lr = rate * factor;
            Value *= 1 - (lr * decay);
            _m = (0.9 * _m) + (0.1 * gradient);
            _v = (0.999 * _v) + (0.001 * gradient * gradient);
            Value -= lr / (1 - Math.Pow(0.9, _steps)) * _m / ((Math.Sqrt(_v) / Math.Sqrt(1 - Math.Pow(0.999, _steps))) + 1e-8);
        }
    }

    /// <summary>Three parameters with two learning rates, updated by the optimizer and by the formula.</summary>
    private sealed class Pair : IDisposable
    {
        private static readonly (string Name, long[] Shape, double Rate)[] _shapes =
        [
            ("a", [3, 5], 1e-2),
            ("b", [7, 2], 4e-2),
            ("c", [4, 4], 1e-2),
        ];
        private readonly IDisposable _scope = NewDisposeScope();
        private readonly double? _limit;
        private readonly Tensor[] _fused;
        private readonly Formula[][] _formulas;
        private readonly Tensor _log = zeros(Steps + 1, 2, float64);

        public Pair(double? limit, double decay)
        {
            _limit = limit;
            _fused = [.. _shapes.Select((entry, i) => Random(i, entry.Shape).requires_grad_(true))];
            _formulas = [.. _fused.Select((parameter, i) =>
                TensorReader.Floats(parameter.detach()).Select(value => new Formula(value, _shapes[i].Rate, decay)).ToArray())];
            Fused = new(new FlatParameters(_fused.Select((parameter, i) => (_shapes[i].Name, parameter, _shapes[i].Rate))), decay, limit);
        }

        public FusedAdamW Fused { get; }

        /// <summary>Takes a step with both; returns the norm of the unscaled gradient.</summary>
        public double Step(int step, double scale)
        {
            double[][] gradients =
                [.. _formulas.Select((_, i) => TensorReader.Floats(Gradient(step, i)).Select(value => (double)value).ToArray())];
            double norm = Math.Sqrt(gradients.Sum(gradient => gradient.Sum(value => value * value)));
            double clipped = _limit is double limit ? Math.Min(1, limit / (norm + 1e-6)) : 1;
            foreach ((Formula[] formulas, double[] gradient) in _formulas.Zip(gradients))
            {
                foreach ((Formula formula, double value) in formulas.Zip(gradient))
                {
                    formula.Step(value * clipped, Factor(step));
                }
            }

            StepFused(step, scale);
            return norm;
        }

        public void StepFused(int step, double scale, bool overflow = false)
        {
            using IDisposable noGrad = no_grad();
            Fused.ZeroGradients();
            for (int i = 0; i < _fused.Length; i++)
            {
                _fused[i].grad!.PlusInPlace(Gradient(step, i).mul(overflow ? double.NaN : scale));
            }

            Fused.Step(step, ones(1, float64), scale, Factor(step), _log, step);
        }

        public double LoggedNorm(int step) => TensorReader.Doubles(_log)[(2 * step) + 1];

        public float[] Values() => [.. _fused.SelectMany(TensorReader.Floats)];

        public void AssertSame() =>
            Assert.All(_formulas.SelectMany(formulas => formulas).Zip(Values()), pair =>
                Assert.Equal(pair.First.Value, pair.Second, 2e-6 * (1 + Math.Abs(pair.First.Value))));

        public void Dispose()
        {
            Fused.Dispose();
            _scope.Dispose();
        }

        private static double Factor(int step) => 1 - ((step - 1) / (2.0 * Steps));

        // Some steps are clipped by every limit here, some by none.
        private static Tensor Gradient(int step, int parameter) =>
            Random((100 * step) + parameter, _shapes[parameter].Shape).mul(step % 3 == 0 ? 0.02 : 0.5);

        private static Tensor Random(int seed, long[] shape)
        {
            using Generator generator = new((ulong)seed + 1, CPU);
            return randn(shape, dtype: float32, generator: generator);
        }
    }
}
