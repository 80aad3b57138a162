using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training.Optimization;

/// <summary>The fused optimizer against the plain one, step by step: clipping, decay, two rates, loss scale, and steps that are not finite.</summary>
public sealed class FusedAdamWTests
{
    private const int Steps = 12;

    [Theory]
    [InlineData(0.3, 0.0, 1)]
    [InlineData(1.0, 0.1, 1)]
    [InlineData(null, 0.1, 1)]
    [InlineData(0.3, 0.0, 65536)]
    [InlineData(null, 0.0, 1024)]
    public void Step_AnyClippingDecayAndScale_FollowsPlainAdamW(double? limit, double decay, double scale)
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
    public void Step_NotFinite_ChangesNothingUntilForgiven()
    {
        using Pair pair = new(1.0, 0.01);
        pair.Step(1, 1);
        float[] before = pair.Values();

        pair.StepFused(2, 1, spoil: true);
        pair.StepFused(3, 1);
        Assert.Equal(before, pair.Values());

        // The plain optimizer never saw those steps: the count of the bias correction was undone too.
        pair.Fused.Forgive();
        pair.Step(4, 1);
        pair.AssertSame();
    }

    [Fact]
    public void Restore_GoesOnWhereTheOtherStopped()
    {
        using Pair pair = new(1.0, 0.01);
        pair.Step(1, 1);
        pair.Step(2, 1);
        using IDisposable scope = NewDisposeScope();
        Dictionary<string, Tensor> moments = pair.Fused.Moments.ToDictionary(moment => moment.Key, moment => moment.Value.clone());

        pair.Fused.Restore(2, name => moments[name]);
        pair.Step(3, 1);

        Assert.Equal(["a.moment1", "a.moment2", "b.moment1", "b.moment2", "c.moment1", "c.moment2"], moments.Keys.Order(StringComparer.Ordinal));
        pair.AssertSame();
    }

    /// <summary>The same three parameters at two rates under both optimizers.</summary>
    private sealed class Pair : IDisposable
    {
        private static readonly (string Name, long[] Shape, double Rate)[] _shapes = [("a", [3, 5], 1e-2), ("b", [7, 2], 4e-2), ("c", [4, 4], 1e-2)];
        private readonly IDisposable _scope = NewDisposeScope();
        private readonly double? _limit;
        private readonly Tensor[] _plain, _fused;
        private readonly AdamW _reference;
        private readonly Tensor _log = zeros(Steps + 1, 2, float64);

        public Pair(double? limit, double decay)
        {
            _limit = limit;
            _plain = [.. _shapes.Select((entry, i) => Random(i, entry.Shape).requires_grad_(true))];
            _fused = [.. _shapes.Select((entry, i) => Random(i, entry.Shape).requires_grad_(true))];
            _reference = new(Named(_plain), decay);
            Fused = new(new FlatParameters(Named(_fused)), decay, limit);
        }

        public FusedAdamW Fused { get; }

        /// <summary>One step of both; the norm of the unscaled gradient.</summary>
        public double Step(int step, double scale)
        {
            using IDisposable noGrad = no_grad();
            for (int i = 0; i < _plain.Length; i++)
            {
                _plain[i].grad = Gradient(step, i);
            }

            double norm = _reference.GradientNorm();
            if (_limit is double limit)
            {
                _reference.ScaleGradients(Math.Min(1, limit / (norm + 1e-6)));
            }

            _reference.Step(Factor(step));
            StepFused(step, scale);
            return norm;
        }

        public void StepFused(int step, double scale, bool spoil = false)
        {
            using IDisposable noGrad = no_grad();
            Fused.ZeroGradients();
            for (int i = 0; i < _fused.Length; i++)
            {
                _fused[i].grad!.add_(Gradient(step, i).mul(spoil ? double.NaN : scale));
            }

            Fused.Step(ones(1, float64), scale, Factor(step), _log, step);
        }

        public double LoggedNorm(int step) => TensorReader.Doubles(_log)[(2 * step) + 1];

        public float[] Values() => [.. _fused.SelectMany(TensorReader.Floats)];

        public void AssertSame() =>
            Assert.All(_plain.SelectMany(TensorReader.Floats).Zip(Values()), pair => Assert.Equal(pair.First, pair.Second, 2e-6f * (1 + Math.Abs(pair.First))));

        public void Dispose()
        {
            _reference.Dispose();
            Fused.Dispose();
            _scope.Dispose();
        }

        private static double Factor(int step) => 1 - ((step - 1) / (2.0 * Steps));

        // Some steps are clipped by every limit here, some by none.
        private static Tensor Gradient(int step, int parameter) => Random((100 * step) + parameter, _shapes[parameter].Shape).mul(step % 3 == 0 ? 0.02 : 0.5);

        private static Tensor Random(int seed, long[] shape)
        {
            using Generator generator = new((ulong)seed + 1, CPU);
            return randn(shape, dtype: float32, generator: generator);
        }

        private static IEnumerable<(string, Tensor, double)> Named(Tensor[] parameters) => parameters.Select((parameter, i) => (_shapes[i].Name, parameter, _shapes[i].Rate));
    }
}
