using LoraLab.Training.Files.Errors;
using LoraLab.Training.Hub;
using Xunit;

namespace LoraLab.Tests.Training.Hub;

/// <summary>The address and the token of the hub: where they are read, and who receives the token.</summary>
public sealed class PullAccessTests : PullTest
{
    [Fact]
    public async Task Run_PrivateModelWithoutToken_NamesTheVariable()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Token = "secret";

        Assert.Equal(1, await PullAsync(hub));

        Assert.Contains("HF_TOKEN", Output.ToString());
        Assert.Contains("owner/tiny", Output.ToString());
    }

    [Fact]
    public async Task Run_Token_GoesToTheHubAndToNoOtherHost()
    {
        await using FakeHub hub = await ModelAsync();
        hub.Token = "secret";

        Assert.Equal(0, await PullAsync(hub, options: Options(hub) with { Token = "secret" }));

        Assert.All(hub.Requests.Where(request => request.Server == "hub"), request => Assert.Equal("Bearer secret", request.Authorization));
        Assert.All(hub.Served(Weights), request => Assert.Null(request.Authorization));
        Assert.NotEmpty(hub.Served(Weights));
    }

    [Theory]
    [InlineData("HF_TOKEN", "HF_TOKEN", "~/.cache/huggingface/token")]
    [InlineData("HUGGING_FACE_HUB_TOKEN", "HUGGING_FACE_HUB_TOKEN", "~/.cache/huggingface/token")]
    [InlineData("file", "HF_TOKEN_PATH=~/elsewhere", "~/elsewhere", "HF_HOME=~/hf", "~/hf/token")]
    [InlineData("file", "HF_HOME=~/hf", "~/hf/token", "XDG_CACHE_HOME=~/xdg", "~/xdg/huggingface/token")]
    [InlineData("file", "XDG_CACHE_HOME=~/xdg", "~/xdg/huggingface/token", "~/.cache/huggingface/token")]
    [InlineData("file", "~/.cache/huggingface/token")]
    [InlineData(null, "HF_HOME=~/hf", "~/.cache/huggingface/token")]
    public void From_Token_IsReadWhereLoginLeavesIt(string? source, params string[] present)
    {
        Dictionary<string, string> environment = new() { ["HOME"] = Data.Path };
        string? first = null;
        foreach (string item in present)
        {
            if (item.Contains('='))
            {
                environment[item[..item.IndexOf('=')]] = item[(item.IndexOf('=') + 1)..];
            }
            else if (item[0] == '~')
            {
                string path = Data.Write(item[2..], first is null ? " hf_file\n" : "hf_other");
                first ??= path;
            }
            else
            {
                environment[item] = "hf_variable";
            }
        }

        HubOptions options = HubOptions.From(environment.GetValueOrDefault);

        Assert.Equal(source switch { null => null, "file" => "hf_file", _ => "hf_variable" }, options.Token);
        if (source is not null)
        {
            Assert.Equal(source == "file" ? first : source, options.TokenSource);
        }
    }

    [Theory]
    [InlineData("hf_a\nhf_b")]
    [InlineData("hf_\u00fc")]
    [InlineData("my token")]
    [InlineData("PK\u0003\u0004")]
    public void From_TokenThatIsNone_NamesItsPlace(string token)
    {
        string path = Data.Write("token", token);

        Assert.Contains("HF_TOKEN has no token", Assert.Throws<RunFailure>(() => From("HF_TOKEN", token)).Message);
        Assert.Contains($"{path} has no token", Assert.Throws<RunFailure>(() => From("HF_TOKEN_PATH", path)).Message);

        static HubOptions From(string name, string value) => HubOptions.From(variable => variable == name ? value : null);
    }

    [Fact]
    public void From_Environment_IsHonored()
    {
        Dictionary<string, string> environment = new() { ["HF_ENDPOINT"] = "https://mirror.example/hub/", ["HF_TOKEN"] = " hf_x " };

        HubOptions options = HubOptions.From(environment.GetValueOrDefault);

        Assert.Equal(("https://mirror.example/hub/", "hf_x"), (options.Endpoint.AbsoluteUri, options.Token));
        Assert.Equal("https://huggingface.co/", HubOptions.From(_ => null).Endpoint.AbsoluteUri);
        Assert.Contains("HF_ENDPOINT", Assert.Throws<RunFailure>(() => HubOptions.From(_ => "ftp://x")).Message);
    }
}
