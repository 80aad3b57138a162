using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models.Weights;

public sealed class WeightLoaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string WeightFile => Path.Combine(_folder.Path, CheckpointWeights.SingleFile);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("plain")]
    [InlineData("é 中 '\"\\ %s {0} $(x)")]
    public void Load_PrecisionOfTheFile_IsMemoryMapped(string name)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        string folder = Directory.CreateDirectory(Path.Combine(_folder.Path, name)).FullName;
        string path = Path.Combine(folder, CheckpointWeights.SingleFile);
        Write(path, ("a", randn(300, 500).to(bfloat16)), ("b", randn(7).to(bfloat16)));

        using CheckpointWeights weights = CheckpointWeights.Open(folder);
        using WeightLoader loader = new(weights, CPU);
        using Tensor a = loader.Load("a", bfloat16);
        using Tensor b = loader.Load("b", bfloat16);

        PlainSafetensors file = new(path);
        Assert.Equal(file.Bytes("a"), a.bytes.ToArray());
        Assert.Equal(file.Bytes("b"), b.bytes.ToArray());
        Assert.Equal([300L, 500L], a.shape);
        Assert.Equal((150_007, 300_014, 0), (loader.Report.Values, loader.Report.MappedBytes, loader.Report.CopiedBytes));
        Assert.All([a, b], tensor => Assert.EndsWith(" " + path, MappingOf(tensor), StringComparison.Ordinal));
    }

    [Fact]
    public void Load_TensorIsModified_FileIsUnchanged()
    {
        Write(WeightFile, ("a", randn(64, 64)));
        byte[] before = File.ReadAllBytes(WeightFile);

        using (Tensor a = Load("a", float32, out _))
        {
            a.fill_(7);
            Assert.Equal(7f, a[63, 63].item<float>());
        }

        Assert.Equal(before, File.ReadAllBytes(WeightFile));
    }

    [Fact]
    public void Load_FilesClosedAndCollected_TensorStaysValid()
    {
        using Tensor values = randn(200, 100);
        Write(WeightFile, ("a", values));

        using Tensor a = Load("a", float32, out _);
        GC.Collect();
        GC.WaitForPendingFinalizers();

        Assert.True(a.equal(values).all().item<bool>());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Load_MisalignedOffset_HasTheRightValues(int padding)
    {
        float[] values = [1.5f, -2, 3e-20f, 4, 5];
        string header = """{"a":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}""";
        byte[] json = Encoding.UTF8.GetBytes(header.PadRight(((header.Length + 3) / 4 * 4) + padding));
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        File.WriteAllBytes(WeightFile, [.. length, .. json, .. values.SelectMany(BitConverter.GetBytes)]);

        using Tensor same = Load("a", float32, out LoadReport report);
        using Tensor wider = Load("a", float64, out _);

        Assert.Equal(values, same.data<float>().ToArray());
        Assert.Equal(values.Select(value => (double)value), wider.data<double>().ToArray());
        Assert.Equal(padding == 0 ? (20, 0) : (0, 20), (report.MappedBytes, report.CopiedBytes));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float16)]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32, ScalarType.Float32)]
    [InlineData(ScalarType.Float16, ScalarType.BFloat16)]
    public void Load_ManyChunks_EqualsConvertingTheWhole(ScalarType stored, ScalarType requested)
    {
        // Larger than every chunk size, and not a multiple of one.
        using Tensor values = randn(2111, 1003).Times(1e-3).to(stored);
        using Tensor expected = values.to(requested);
        Write(WeightFile, ("a", values));

        using Tensor plain = Load("a", requested, out LoadReport report);
        using Tensor staged = Load("a", requested, out LoadReport stagedReport, stagingBytes: 100_000);

        Assert.True(plain.bytes.SequenceEqual(expected.bytes));
        Assert.True(staged.bytes.SequenceEqual(expected.bytes));
        Assert.Equal(report.FlushedToZero, stagedReport.FlushedToZero);
        Assert.Equal(values.count_nonzero().item<long>() - expected.count_nonzero().item<long>(), report.FlushedToZero);
        Assert.Equal((0, expected.numel() * expected.ElementSize), (stagedReport.MappedBytes, stagedReport.CopiedBytes));
    }

    [Fact]
    public void Load_SmallBf16ValuesInFp16_CountsThoseThatBecomeZeroAndNamesTheTensor()
    {
        // The smallest fp16 is 2^-24; half of it, 2^-25, rounds to even, which is 0.
        float[] few = [0, -0f, 1, -1e-7f, MathF.ScaleB(1, -25)];
        float[] most = [1e-9f, -1e-30f, MathF.ScaleB(1.5f, -25), 65280, 0, 1e-38f];
        Write(WeightFile, ("few", tensor(few).to(bfloat16)), ("most", tensor(most).to(bfloat16)));
        using CheckpointWeights weights = CheckpointWeights.Open(_folder.Path);
        using WeightLoader loader = new(weights, CPU);

        using Tensor a = loader.Load("few", float16);
        using Tensor b = loader.Load("most", float16);

        Assert.Equal((11, 1 + 3, "most"), (loader.Report.Values, loader.Report.FlushedToZero, loader.Report.MostFlushed));
        Assert.Contains("4 of 11 weights", loader.Report.Warning, StringComparison.Ordinal);
        Assert.Contains("'most'", loader.Report.Warning, StringComparison.Ordinal);
        using Tensor wider = loader.Load("most", float32);
        Assert.Equal(4, loader.Report.FlushedToZero);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(4096)]
    public void Load_ValueThatBecomesInfinite_NamesTheTensor(int? stagingBytes)
    {
        using Tensor values = zeros(5000).to(bfloat16);
        values[4999] = 65536f;
        Write(WeightFile, ("w", values));

        string message = Assert.Throws<RunFailure>(() => Load("w", float16, out _, stagingBytes)).Message;

        Assert.Contains("Tensor 'w'", message, StringComparison.Ordinal);
        Assert.Contains("out of range for float16", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ScalarType.Float32, null)]
    [InlineData(ScalarType.BFloat16, null)]
    [InlineData(ScalarType.Float32, 4096)]
    [InlineData(ScalarType.BFloat16, 4096)]
    public void Load_NaNInALaterChunk_NamesItsElement(ScalarType requested, int? stagingBytes)
    {
        using Tensor values = ones(3_000_000);
        values[2_999_998] = float.NaN;
        Write(WeightFile, ("w", values));

        string message = Assert.Throws<RunFailure>(() => Load("w", requested, out _, stagingBytes)).Message;

        Assert.Contains("tensor 'w' contains NaN or infinity (element 2999998)", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("w")]
    [InlineData("before")]
    public void Load_FileReplacedAfterOpening_ReadsTheOpenedFile(string firstTensor)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "An open file cannot be replaced on Windows.");
        Write(WeightFile, ("w", full(4, 1f)));
        using CheckpointWeights weights = CheckpointWeights.Open(_folder.Path);
        using WeightLoader loader = new(weights, CPU);
        string other = Path.Combine(_folder.Path, "other");
        Write(other, new[] { (firstTensor, full(4, 2f)), ("w", full(4, 3f)) }.DistinctBy(tensor => tensor.Item1).ToArray());
        File.Move(other, WeightFile, overwrite: true);

        using Tensor w = loader.Load("w", float32);

        Assert.Equal([1f, 1f, 1f, 1f], w.data<float>().ToArray());
    }

    [Fact]
    public void ToTensor_FileTruncatedAfterOpening_IsReported()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "An open file cannot be truncated on Windows.");
        Write(WeightFile, ("w", randn(1000)));
        using SafetensorsFile file = SafetensorsFile.Open(WeightFile);
        byte[] whole = File.ReadAllBytes(WeightFile);
        using (FileStream stream = new(
            WeightFile, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Write, Share = FileShare.ReadWrite }))
        {
            stream.SetLength(whole.Length - 10);
        }

        Assert.Contains("truncated", Assert.Throws<RunFailure>(() => file.ToTensor("w")).Message, StringComparison.Ordinal);
    }

    private Tensor Load(string name, ScalarType dtype, out LoadReport report, int? stagingBytes = null)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(_folder.Path);
        using WeightLoader loader = stagingBytes is int bytes ? new(weights, CPU, new StagedReads(CPU, bytes)) : new(weights, CPU);
        Tensor tensor = loader.Load(name, dtype);
        report = loader.Report;
        return tensor;
    }

    private static void Write(string path, params (string Name, Tensor Value)[] tensors) =>
        SafetensorsWriter.Write(
            path, tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Value), new Dictionary<string, string>());

    /// <summary>The line of /proc/self/maps that contains the first byte of a tensor.</summary>
    private static string MappingOf(Tensor tensor)
    {
        ulong address = (ulong)Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(tensor.bytes));
        return File.ReadLines("/proc/self/maps").Single(line =>
        {
            ulong[] range = [.. line[..line.IndexOf(' ', StringComparison.Ordinal)].Split('-')
                .Select(end => ulong.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            return range[0] <= address && address < range[1];
        });
    }
}
