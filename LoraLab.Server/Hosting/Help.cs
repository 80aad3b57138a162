using LoraLab.Server.Security;

namespace LoraLab.Server.Hosting;

/// <summary>The output of <c>--help</c>.</summary>
internal static class Help
{
    private const string Text = $"""
        LoraLab runs LoRA methods under identical conditions and compares them. Open the address printed at startup for the dashboard.

        usage: LoraLab.Server [--demo] [--urls http://127.0.0.1:PORT] [--LoraLab:NAME=VALUE ...]
               LoraLab.Server {KeysCommand.Arguments}
               LoraLab.Server {TransferCommand.Arguments} [--LoraLab:NAME=VALUE ...]

          --demo                    queues one run per method on the bundled sample
          --urls URL                address to listen on (default: {ServerProgram.DefaultUrl}); access from other machines needs an API key
          --LoraLab:DataDirectory   folder for the database and the runs (default: data)
          keys new                  creates an API key and prints it once
          export, backup            writes the configured store, LiteDB or PostgreSQL, to a file; export requires that no server uses it
          import                    fills the configured store, which must be empty, from such a file

        Every option can also be set in appsettings.json or in the environment, for example LoraLab__MemoryBudgetMb=8192.
        """;

    /// <summary>Whether the arguments request help.</summary>
    public static bool IsRequested(IEnumerable<string> args) => args.Any(arg => arg is "--help" or "-h" or "-?");

    public static void Write(TextWriter output) => output.WriteLine(Text);
}
