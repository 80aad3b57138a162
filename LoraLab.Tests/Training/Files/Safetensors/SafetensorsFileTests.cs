using System.Buffers.Binary;
using System.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Files.Safetensors;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Stories260K_ListsItsTensors()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Fixtures.Stories260K, "model.safetensors"));

        Assert.Equal(260032, file.Tensors.Values.Sum(entry => entry.Shape.Aggregate(1L, (size, axis) => size * axis)));
        Assert.All(file.Tensors.Values, entry => Assert.Equal("F32", entry.Dtype));
        Assert.Equal([512L, 64L], file.Tensors["model.embed_tokens.weight"].Shape);
    }

    [Fact]
    public void ToTensor_EveryTensorOfStories260K_HasTheBytesOfTheFile()
    {
        string path = Path.Combine(Fixtures.Stories260K, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.All(file.Tensors.Values, entry =>
        {
            using torch.Tensor tensor = file.ToTensor(entry.Name);
            Assert.Equal(entry.Shape, tensor.shape);
            Assert.True(tensor.bytes.SequenceEqual(bytes.AsSpan((int)entry.Offset, (int)entry.Length)));
        });
    }

    [Fact]
    public void ToTensor_AfterDispose_TensorsStayValid()
    {
        SafetensorsFile file = SafetensorsFile.Open(Write(
            """{"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}""",
            [5, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]));
        using torch.Tensor tensor = file.ToTensor("a");
        file.Dispose();

        Assert.Equal([5L, -1L], tensor.data<long>().ToArray());
    }

    [Fact]
    public void ToTensor_ScalarAndEmptyAndHalf_HaveTheirShapes()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write(
            """{"__metadata__":{"format":"pt"},"scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"F16","shape":[0,"""
                + """3],"data_offsets":[4,4]},"half":{"dtype":"BF16","shape":[1,2],"data_offsets":[4,8]}}   """,
            [0, 0, 0x80, 0x3f, 0x80, 0x3f, 0x00, 0xc0]));
        using torch.Tensor scalar = file.ToTensor("scalar");
        using torch.Tensor none = file.ToTensor("none");
        using torch.Tensor half = file.ToTensor("half");
        using torch.Tensor wide = half.to_type(torch.ScalarType.Float32);

        Assert.Equal((0L, 1f), (scalar.dim(), scalar.item<float>()));
        Assert.Equal([0L, 3L], none.shape);
        Assert.Equal([1f, -2f], wide.data<float>().ToArray());
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12,
        "'b'", "overlaps")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""",
        16,
        "'b'",
        "4 unused bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes after")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 15,
        "'b'", "truncated")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "'a'", "8 bytes instead of 12")]
    [InlineData("""{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}""", 8, "'a'", "F99")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "'a'", "shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "'a'", "shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "'a'", "decreasing")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "'a'", "data_offsets")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904,16],"data_offsets":[0,0]}}""", 0, "'a'", "impossible")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}""", 0, "'a'", "impossible")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}""", 0, "'a'", "impossible")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""", 4, "'a'", "17 axes")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""{"a":[]}""", 0, "'a'")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "JSON", "a")]
    [InlineData("""{"__metadata__":{"a":5}}""", 0, "metadata 'a'")]
    [InlineData("""{"a":""", 0, "JSON")]
    [InlineData("""[1]""", 0, "does not start")]
    public void Open_BrokenFile_NamesTheTensor(string header, int dataBytes, params string[] named)
    {
        string path = Write(header, new byte[dataBytes]);

        RunFailure failure = Assert.Throws<RunFailure>(() => SafetensorsFile.Open(path));

        Assert.Contains(path, failure.Message);
        Assert.All(named, part => Assert.Contains(part, failure.Message));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 200, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}' })]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, (byte)'{', (byte)'}' })]
    public void Open_NoHeader_IsRefused(byte[] content)
    {
        string path = _folder.Write("x.safetensors", content);

        Assert.Contains(path, Assert.Throws<RunFailure>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void Open_TruncatedStories260K_NamesTheTruncatedTensor()
    {
        byte[] bytes = File.ReadAllBytes(Path.Combine(Fixtures.Stories260K, "model.safetensors"));
        string path = _folder.Write("model.safetensors", bytes[..^1000]);
        string last;
        using (SafetensorsFile whole = SafetensorsFile.Open(Path.Combine(Fixtures.Stories260K, "model.safetensors")))
        {
            last = whole.Tensors.Values.OrderBy(entry => entry.Offset)
                .First(entry => entry.Offset + entry.Length > bytes.Length - 1000).Name;
        }

        Assert.Contains($"'{last}'", Assert.Throws<RunFailure>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void ToTensor_UnknownName_NamesIt()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write("{}", []));

        Assert.Contains("'nothing'", Assert.Throws<RunFailure>(() => file.ToTensor("nothing")).Message);
    }

    private string Write(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return _folder.Write("x.safetensors", [.. length, .. json, .. data]);
    }
}
