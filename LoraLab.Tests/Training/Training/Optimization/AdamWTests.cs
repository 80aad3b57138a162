using CsCheck;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Optimization;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training.Optimization;

public sealed class AdamWTests
{
    [Fact]
    public void Step_AnyGradients_FollowsTheFormulaInFloat64() =>
        Gen.Select(Gen.Double[-3, 3].Array[1, 12], Gen.Double[1e-5, 0.1], Gen.Double[0, 0.5], Gen.Double[0, 1]).Sample(
            (gradients, rate, decay, start) =>
            {
                using Tensor parameter = tensor(new[] { start }, float32).requires_grad_(true);
                using AdamW optimizer = new([("p", parameter, rate)], decay);
                (double p, double m, double v) = ((float)start, 0, 0);
                for (int t = 1; t <= gradients.Length; t++)
                {
                    double factor = 1 - ((t - 1) / (double)gradients.Length);
                    SetGradient(parameter, gradients[t - 1]);
                    optimizer.Step(factor);

                    double lr = rate * factor, g = (float)gradients[t - 1];
                    p *= 1 - (lr * decay);
                    m = (0.9 * m) + (0.1 * g);
                    v = (0.999 * v) + (0.001 * g * g);
                    p -= lr / (1 - Math.Pow(0.9, t)) * m / ((Math.Sqrt(v) / Math.Sqrt(1 - Math.Pow(0.999, t))) + 1e-8);
                }

                Assert.Equal(p, parameter.item<float>(), 1e-5 * (1 + Math.Abs(p)));
            },
            iter: 200,
            threads: 1);

    [Fact]
    public void GradientNorm_SeveralGroups_IsTheNormOfAllTogether()
    {
        using Tensor a = ones(3).requires_grad_(true);
        using Tensor b = ones(2, 2).requires_grad_(true);
        using Tensor without = ones(5).requires_grad_(true);
        using AdamW optimizer = new([("a", a, 1e-3), ("b", b, 16e-3), ("without", without, 1)], 0);
        SetGradient(a, 2);
        SetGradient(b, -3);

        Assert.Equal(Math.Sqrt((3 * 4) + (4 * 9)), optimizer.GradientNorm(), 1e-5);
        optimizer.ScaleGradients(0.5);
        Assert.Equal(Math.Sqrt((3 * 4) + (4 * 9)) / 2, optimizer.GradientNorm(), 1e-5);
        optimizer.ZeroGradients();
        Assert.Equal(0, optimizer.GradientNorm());
    }

    [Fact]
    public void Step_GroupsOfTwoRates_KeepTheirRatioUnderASchedule()
    {
        using Tensor a = zeros(1).requires_grad_(true);
        using Tensor b = zeros(1).requires_grad_(true);
        using AdamW optimizer = new([("a", a, 1e-3), ("b", b, 16e-3)], 0);
        double before = 0, beforeB = 0;
        foreach (double factor in (double[])[1, 0.8, 0.3, 0.01])
        {
            SetGradient(a, 0.7);
            SetGradient(b, 0.7);
            optimizer.Step(factor);
            (double movedA, double movedB) = (a.item<float>() - before, b.item<float>() - beforeB);
            Assert.Equal(16, movedB / movedA, 0.01);
            (before, beforeB) = (a.item<float>(), b.item<float>());
        }
    }

    [Fact]
    public void Step_ParameterWithoutGradient_StaysAsItIs()
    {
        using Tensor parameter = ones(3).requires_grad_(true);
        using AdamW optimizer = new([("p", parameter, 0.1)], 0.5);

        optimizer.Step(1);

        Assert.Equal([1f, 1f, 1f], TensorReader.Floats(parameter));
    }

    private static void SetGradient(Tensor parameter, double value)
    {
        parameter.grad?.detach().zero_();
        using Tensor sum = parameter.sum().mul(value);
        sum.backward();
    }
}
