using LoraLab.Server.Security;

namespace LoraLab.Server.Hosting;

/// <summary>What <c>--help</c> says.</summary>
internal static class Help
{
    private const string Text = $"""
        LoraLab: runs LoRA methods under identical conditions and compares them. The dashboard is at the address that the server prints when it has started.

        usage: LoraLab.Server [--demo] [--urls http://127.0.0.1:PORT] [--LoraLab:NAME=VALUE ...]
               LoraLab.Server {KeysCommand.Arguments}

          --demo                    queues one run of each method on the bundled sample
          --urls URL                where to listen, {ServerProgram.DefaultUrl} when left out; other machines need a key
          --LoraLab:DataDirectory   where runs and the database are kept, data when left out
          keys new                  makes an API key and prints it once

        Every option can stand in appsettings.json or in the environment, for example LoraLab__MemoryBudgetMb=8192.
        """;

    /// <summary>Whether somebody asks for it.</summary>
    public static bool IsRequested(IEnumerable<string> args) => args.Any(arg => arg is "--help" or "-h" or "-?");

    public static void Write(TextWriter output) => output.WriteLine(Text);
}
