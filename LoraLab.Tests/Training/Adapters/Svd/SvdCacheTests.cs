using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters.Svd;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Fingerprints;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters.Svd;

public sealed class SvdCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, Func<byte[], byte[]>> Damage => new()
    {
        { "empty", _ => [] },
        { "truncated", bytes => bytes[..(bytes.Length / 2)] },
        { "end not flushed to disk", bytes => [.. bytes[..^64], .. new byte[64]] },
        { "one bit", bytes => [.. bytes[..^1], (byte)(bytes[^1] ^ 1)] },
        { "not finite", bytes => [.. bytes[..^8], .. BitConverter.GetBytes(double.NaN)] },
        { "something else", _ => "hello"u8.ToArray() },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SvdAlgorithm.Full, ScalarType.Float32)]
    [InlineData(SvdAlgorithm.Full, ScalarType.BFloat16)]
    [InlineData(SvdAlgorithm.Randomized, ScalarType.Float32)]
    public void Of_SecondTime_IsBitIdenticalWithoutComputing(SvdAlgorithm algorithm, ScalarType dtype)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor w_OI = Weight(1).to(dtype);
        TruncatedSvd uncached = TruncatedSvd.Of(w_OI, 5, algorithm, 2, "m");
        SvdCache cache = new(_folder.Path), later = new(_folder.Path);

        TruncatedSvd first = TruncatedSvd.Of(w_OI, 5, algorithm, 2, "m", cache);
        TruncatedSvd second = TruncatedSvd.Of(w_OI.clone(), 5, algorithm, 2, "m", later);

        Assert.Equal(((0, 1), (1, 0)), ((cache.Hits, cache.Misses), (later.Hits, later.Misses)));
        AssertSame(uncached, first);
        AssertSame(uncached, second);
    }

    [Fact]
    public void Key_GpuOfALane_HasTheProductOfTheLanesDevice() => Assert.Equal(
        "NVIDIA B",
        SvdKey.NameOf(
            new Device(TorchSharp.DeviceType.CUDA, 0),
            device => DeviceChoice.NameOf(device, lane: "cuda:3"),
            id => id == "cuda:3" ? "NVIDIA B" : "NVIDIA A"));

    [Fact]
    public void Of_AnyOtherInput_IsComputed()
    {
        using IDisposable scope = NewDisposeScope();
        SvdCache cache = new(_folder.Path);
        Tensor w_OI = Weight(1);
        Tensor[] weights = [w_OI, Weight(2), w_OI.t().contiguous(), w_OI.to(float64), Changed(w_OI)];

        AssertSame(TruncatedSvd.Of(Weight(2), 5, SvdAlgorithm.Randomized, 2, "m"), Get(weights, 5, SvdAlgorithm.Randomized, 2, "m")[1]);
        Get([w_OI], 4, SvdAlgorithm.Randomized, 2, "m");
        Get([w_OI], 5, SvdAlgorithm.Full, 2, "m");
        Get([w_OI], 5, SvdAlgorithm.Randomized, 3, "m");
        Get([w_OI], 5, SvdAlgorithm.Randomized, 2, "n");

        Assert.Equal((0, weights.Length + 4), (cache.Hits, cache.Misses));
        // The full SVD has no random start and no iterations.
        Get([w_OI], 5, SvdAlgorithm.Auto, 7, "n");
        Assert.Equal(1, cache.Hits);

        static Tensor Changed(Tensor w_OI)
        {
            Tensor changed_OI = w_OI.clone();
            changed_OI[39, 59] = 0.5f;
            return changed_OI;
        }

        TruncatedSvd[] Get(Tensor[] of, int rank, SvdAlgorithm algorithm, int iterations, string module) =>
            [.. of.Select(w => TruncatedSvd.Of(w, rank, algorithm, iterations, module, cache))];
    }

    [Theory]
    [MemberData(nameof(Damage), DisableDiscoveryEnumeration = true)]
    public void Of_DamagedFile_IsComputedAgainAndReplaced(string name, Func<byte[], byte[]> damage)
    {
        using IDisposable scope = NewDisposeScope();
        Tensor w_OI = Weight(1);
        TruncatedSvd stored = TruncatedSvd.Of(w_OI, 5, SvdAlgorithm.Full, 0, "m", new(_folder.Path));
        string file = Assert.Single(Directory.GetFiles(_folder.Path));
        File.WriteAllBytes(file, damage(File.ReadAllBytes(file)));
        SvdCache cache = new(_folder.Path);

        AssertSame(stored, TruncatedSvd.Of(w_OI, 5, SvdAlgorithm.Full, 0, "m", cache));
        AssertSame(stored, TruncatedSvd.Of(w_OI, 5, SvdAlgorithm.Full, 0, "m", cache));

        Assert.True((cache.Hits, cache.Misses, cache.Problem) == (1, 1, null), name);
        Assert.Equal([file], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Of_FileOfOtherWeightsUnderThisName_IsComputedAgain()
    {
        using IDisposable scope = NewDisposeScope();
        TruncatedSvd.Of(Weight(1), 5, SvdAlgorithm.Full, 0, "m", new(_folder.Path));
        string first = Assert.Single(Directory.GetFiles(_folder.Path));
        TruncatedSvd.Of(Weight(2), 5, SvdAlgorithm.Full, 0, "m", new(_folder.Path));
        File.Copy(Directory.GetFiles(_folder.Path).Single(path => path != first), first, overwrite: true);
        SvdCache cache = new(_folder.Path);

        AssertSame(
            TruncatedSvd.Of(Weight(1), 5, SvdAlgorithm.Full, 0, "m"), TruncatedSvd.Of(Weight(1), 5, SvdAlgorithm.Full, 0, "m", cache));

        Assert.Equal((0, 1), (cache.Hits, cache.Misses));
    }

    [Fact]
    public void Of_FolderThatCannotBeCreated_ComputesAndReportsWhy()
    {
        using IDisposable scope = NewDisposeScope();
        string folder = Path.Combine(_folder.Write("taken", "a file"), "svd");
        SvdCache cache = new(folder);

        AssertSame(
            TruncatedSvd.Of(Weight(1), 5, SvdAlgorithm.Full, 0, "m"), TruncatedSvd.Of(Weight(1), 5, SvdAlgorithm.Full, 0, "m", cache));

        Assert.Contains(folder, cache.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_Concurrently_AllGetTheSameAndOneFileRemains()
    {
        SvdCache[] caches = [.. Enumerable.Range(0, 8).Select(_ => new SvdCache(_folder.Path))];

        string[] hashes = await Task.WhenAll(caches.Select(cache => Task.Run(
            () =>
            {
                using IDisposable scope = NewDisposeScope();
                TruncatedSvd svd = TruncatedSvd.Of(Weight(1), 5, SvdAlgorithm.Full, 0, "m", cache);
                return Convert.ToHexString([.. svd.U_OR.contiguous().bytes, .. svd.Vh_RI.contiguous().bytes]);
            },
            TestContext.Current.CancellationToken)));

        Assert.Single(hashes.Distinct());
        Assert.Single(Directory.GetFiles(_folder.Path));
        Assert.All(caches, cache => Assert.Null(cache.Problem));
    }

    [Theory]
    [InlineData("pissa", "full")]
    [InlineData("pissa", "randomised")]
    [InlineData("lora-xs", "full")]
    public void Prepare_SecondRunOfTheModel_ReadsAllDecompositionsFromTheCache(string method, string svd)
    {
        using TestTrainer trainer = new();
        using PreparedRun first = Prepare(trainer, method, svd, seed: 1);
        using PreparedRun second = Prepare(trainer, method, svd, seed: 1);
        using PreparedRun otherSeed = Prepare(trainer, method, svd, seed: 2);

        int layers = first.Adapters.Count();
        Assert.Equal((0, layers), (first.Decompositions.Hits, first.Decompositions.Misses));
        Assert.Equal((layers, 0), (second.Decompositions.Hits, second.Decompositions.Misses));
        Assert.Equal((layers, 0), (otherSeed.Decompositions.Hits, otherSeed.Decompositions.Misses));
        Assert.Equal(AdapterHash.Of(first.Adapters), AdapterHash.Of(second.Adapters));
        foreach ((KeyValuePair<string, Tensor> a, KeyValuePair<string, Tensor> b) in first.Model.NamedWeights()
            .Zip(second.Model.NamedWeights()))
        {
            Assert.True(a.Value.bytes.SequenceEqual(b.Value.bytes), a.Key);
        }
    }

    [Fact]
    public void Run_FolderCannotBeCreated_FinishesWithAWarning()
    {
        using TestTrainer trainer = new();
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(trainer.NewFolder())!, "cache"), "a file");

        FinishedRun run = trainer.Run(Spec("pissa", "auto", 1));

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        Assert.Contains("will be computed again by the next run", Assert.Single(run.Prepared.Warnings), StringComparison.Ordinal);
    }

    private static PreparedRun Prepare(TestTrainer trainer, string method, string svd, int seed) =>
        trainer.Services.Preparation().Prepare(trainer.Services.Validator.Validate(Spec(method, svd, seed)).Spec!, CancellationToken.None);

    private static JsonObject Spec(string method, string svd, int seed)
    {
        JsonObject spec = MicroSpec.For(method);
        spec["seed"] = seed;
        spec["methodOptions"] = new JsonObject { ["svd"] = svd };
        return spec;
    }

    private static void AssertSame(TruncatedSvd expected, TruncatedSvd found)
    {
        Assert.Equal(expected.Algorithm, found.Algorithm);
        foreach ((Tensor a, Tensor b) in new[]
        {
            (expected.U_OR, found.U_OR),
            (expected.Sigma_R, found.Sigma_R),
            (expected.Vh_RI, found.Vh_RI),
        })
        {
            Assert.Equal((a.dtype, string.Join(',', a.shape)), (b.dtype, string.Join(',', b.shape)));
            Assert.True(a.contiguous().bytes.SequenceEqual(b.contiguous().bytes));
        }
    }

    private static Tensor Weight(int seed)
    {
        using Generator generator = new((ulong)seed, CPU);
        return randn([40, 60], dtype: float32, generator: generator);
    }
}
