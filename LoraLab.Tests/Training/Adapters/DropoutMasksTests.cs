using LoraLab.Training.Adapters;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>Masks drawn by counter. On another device with <c>LORALAB_TEST_DEVICE</c>.</summary>
[Trait("Category", "SameMath")]
public sealed class DropoutMasksTests
{
    private const double Rate = 0.3;
    private static readonly Device _device = DeviceChoice.Resolve(Environment.GetEnvironmentVariable("LORALAB_TEST_DEVICE") ?? "cpu");

    [Fact]
    public void Draw_AnyDevice_IsTheHashInUnsignedIntegers()
    {
        using IDisposable scope = NewDisposeScope();
        Tensor rows_T = new DropoutMasks(7, 3, [5, 9], [40, 23]).RowKeys(_device);
        Tensor columns_I = DropoutMasks.ColumnKeys("model.layers.0.self_attn.q_proj", 70, _device);

        float[] mask = [.. DropoutMasks.Draw(rows_T, columns_I, Rate).cpu().data<float>()];

        int[] rows = [.. rows_T.cpu().data<int>()], columns = [.. columns_I.cpu().data<int>()];
        float[] expected = [.. rows.SelectMany(row => columns.Select(column => Kept(row, column) ? (float)(1 / (1 - Rate)) : 0))];
        Assert.Equal(expected, mask);
    }

    /// <summary>The masks of runs that were stored: a resumed run must draw the same.</summary>
    [Fact]
    public void Keys_OfARow_NeverChange()
    {
        using IDisposable scope = NewDisposeScope();

        int[] alone = Values(new DropoutMasks(7, 3, [5], [3]).RowKeys(CPU));
        int[] behind = Values(new DropoutMasks(7, 3, [9, 5], [4, 3]).RowKeys(CPU));
        int[] columns = Values(DropoutMasks.ColumnKeys("model.layers.0.self_attn.q_proj", 3, CPU));

        Assert.Equal("1384824348, -501409236, -1457571143", string.Join(", ", alone));
        Assert.Equal(alone, behind[4..]);
        Assert.Equal("1941552032, 506518119, 1378733131", string.Join(", ", columns));
    }

    [Fact]
    public void Draw_SeedsStepsRowsModulesPositionsAndColumns_AreIndependentAndOfTheRate()
    {
        using IDisposable scope = NewDisposeScope();
        const int Tokens = 400, Width = 500;
        DropoutMasks masks = new(42, 1, [0], [Tokens]);
        Tensor first = Kept(masks, "a");
        foreach (Tensor other in (Tensor[])
            [
                Kept(masks with { Seed = 43 }, "a"), Kept(masks with { Step = 2 }, "a"), Kept(masks with { Rows = [1] }, "a"),
                Kept(masks, "b"), first.roll(1, 0), first.roll(1, 1), first.roll(32, 1), first.flip(0), first.flip(1),
            ])
        {
            // Both keep an element with probability (1 − rate)²; five standard deviations of the mean of so many.
            double both = first.mul(other).mean().item<double>();
            Assert.InRange(both, 0.49 - (5 * 0.5 / Math.Sqrt(Tokens * Width)), 0.49 + (5 * 0.5 / Math.Sqrt(Tokens * Width)));
        }

        // The fractions of rows and columns scatter as those of independent elements: a chi-squared of its mean within five deviations.
        foreach ((int dimension, int count) in new[] { (0, Tokens), (1, Width) })
        {
            Tensor fraction = first.mean([dimension]);
            double chi = fraction.sub(1 - Rate).square().sum().item<double>() * count / (Rate * (1 - Rate));
            long values = fraction.numel();
            Assert.InRange(chi, values - (5 * Math.Sqrt(2.0 * values)), values + (5 * Math.Sqrt(2.0 * values)));
        }
    }

    [Fact]
    public void Draw_PaddedSentences_HasTheRowsOfPackedOnesAndOnesOnPadding()
    {
        using IDisposable scope = NewDisposeScope();
        DropoutMasks masks = new(42, 1, [3, 8], [4, 6]);

        Tensor padded_BTI = masks.Draw("m", Rate, 6, 10, _device);
        Tensor packed_TI = DropoutMasks.Draw(masks.RowKeys(_device), DropoutMasks.ColumnKeys("m", 10, _device), Rate);

        Assert.True(padded_BTI[0].narrow(0, 0, 4).equal(packed_TI.narrow(0, 0, 4)).all().item<bool>());
        Assert.True(padded_BTI[1].equal(packed_TI.narrow(0, 4, 6)).all().item<bool>());
        Assert.Equal(2 * 10, padded_BTI[0].narrow(0, 4, 2).sum().item<float>());
    }

    private static int[] Values(Tensor keys) => [.. keys.data<int>()];

    private static Tensor Kept(DropoutMasks masks, string module) =>
        masks.Draw(module, Rate, masks.Lengths[0], 500, _device)[0].gt(0).to(float64);

    private static bool Kept(int row, int column)
    {
        unchecked
        {
            uint x = (uint)(row ^ column) * 0x85EBCA6Bu;
            x = (x ^ (x >> 13)) * 0xC2B2AE35u;

            // The kernel compares as signed integers.
            return (int)x >= int.MinValue + (long)Math.Round(Rate * (1L << 32));
        }
    }
}
