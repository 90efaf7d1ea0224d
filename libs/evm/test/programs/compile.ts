import { concatBytes } from '@sheaf/primitives';
import { Assembler, type Label } from './assembler.ts';
import type { BadJump, Creation, Expression, Program, Statement } from './ast.ts';
import { effects, JUMPDEST, PUSH1 } from './operations.ts';

/** Init code as a program runs it, to foretell the address of what it makes. */
export interface PlannedCreation {
  salt: bigint | undefined;
  initCode: Uint8Array;
}

export interface Compiled {
  code: Uint8Array;
  creations: PlannedCreation[];
}

/** Where init code is put in memory before it is run. */
const initCodeOffset = 96;
const stackLimit = 1024;

/** The bytecode of the program. */
export function compile(program: Program): Compiled {
  return new Compiler().program(program);
}

class Compiler {
  readonly #out = new Assembler();
  /** Init codes to be placed behind the code. */
  readonly #appended: { label: Label; bytes: Uint8Array }[] = [];
  readonly #creations: PlannedCreation[] = [];
  /** Heights at which the words of the `let`s lie. */
  readonly #bound: number[] = [];

  program({ locals, body, tail }: Program, ending?: (out: Assembler) => void): Compiled {
    for (const local of locals) this.#expression(local);
    this.#block(body);
    ending?.(this.#out);
    if (tail !== undefined) this.#out.raw(tail);
    else if (ending === undefined) this.#out.op('STOP');
    for (const { label, bytes } of this.#appended) this.#out.place(label).raw(bytes);
    return { code: this.#out.bytes(), creations: this.#creations };
  }

  #block(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #expression(expression: Expression): void {
    const out = this.#out;
    switch (expression.kind) {
      case 'constant':
        out.push(expression.value, expression.width);
        return;
      case 'peek':
        this.#copy(expression.index % Math.max(1, Math.min(16, out.height)));
        return;
      case 'bound': {
        const at = this.#bound.at(-1);
        this.#copy(at === undefined ? 16 : out.height - at);
        return;
      }
      case 'operation':
        this.#operands(expression.operands);
        out.op(expression.name);
    }
  }

  /** A copy of the word that lies `depth` words under the top, or zero where none is or DUP does not reach. */
  #copy(depth: number): void {
    if (depth < 16 && depth < this.#out.height) this.#out.op(0x80 + depth);
    else this.#out.push(0n);
  }

  #operands(operands: readonly Expression[]): void {
    for (const operand of operands.toReversed()) this.#expression(operand);
  }

  #statement(statement: Statement): void {
    const out = this.#out;
    switch (statement.kind) {
      case 'effect':
      case 'end':
        this.#operands(statement.operands);
        if (statement.name === 'INVALID') out.raw(Uint8Array.of(0xfe));
        else out.op(statement.name);
        return;
      case 'drop':
        this.#expression(statement.value);
        out.op('POP');
        return;
      case 'assign':
        this.#assign(statement.index, statement.value);
        return;
      case 'let':
        this.#expression(statement.value);
        this.#bind(statement.body);
        return;
      case 'if':
        this.#branch(statement.condition, statement.then, statement.otherwise);
        return;
      case 'loop':
        this.#loop(statement.count, statement.body);
        return;
      case 'switch':
        this.#switch(statement.selector, statement.cases);
        return;
      case 'subroutine':
        this.#subroutine(statement.times, statement.body);
        return;
      case 'shuffle':
        this.#shuffle(statement.codes, statement.filler);
        return;
      case 'fill':
        this.#fill(statement.height);
        return;
      case 'data':
        this.#data(statement.bytes, statement.safe);
        return;
      case 'create':
        this.#create(statement.creation);
        this.#bind(statement.body);
        return;
      case 'badJump':
        this.#badJump(statement.how, statement.condition);
        return;
      case 'raw':
        // Not as the first bytes: the oracle has views of its own about code that begins with EF00.
        if (out.offset === 0) out.op('JUMPDEST');
        out.raw(statement.bytes);
    }
  }

  /** Runs the body with the word on top bound, and takes it away. */
  #bind(body: readonly Statement[]): void {
    this.#bound.push(this.#out.height);
    this.#block(body);
    this.#bound.pop();
    this.#out.op('POP');
  }

  #assign(index: number, value: Expression): void {
    const out = this.#out;
    const reach = Math.min(16, out.height);
    this.#expression(value);
    if (reach > 0) out.op(0x90 + (index % reach));
    out.op('POP');
  }

  #branch(condition: Expression, then: readonly Statement[], otherwise: readonly Statement[]): void {
    const out = this.#out;
    const [onTrue, end] = [out.label(), out.label()];
    this.#expression(condition);
    out.pushLabel(onTrue).op('JUMPI');
    this.#block(otherwise);
    out.pushLabel(end).op('JUMP').land(onTrue);
    this.#block(then);
    out.land(end);
  }

  #loop(count: number, body: readonly Statement[]): void {
    const out = this.#out;
    const again = out.label();
    out.push(BigInt(count)).land(again);
    this.#block(body);
    out.push(1n).op('SWAP1').op('SUB').op('DUP1').pushLabel(again).op('JUMPI').op('POP');
  }

  #switch(selector: Expression, cases: readonly (readonly Statement[])[]): void {
    const out = this.#out;
    const [table, end] = [out.label(), out.label()];
    const labels = cases.map(() => out.label());
    const entryBytes = 5n;
    out.push(entryBytes).push(BigInt(Math.max(1, cases.length)));
    this.#expression(selector);
    out.op('MOD').op('MUL').pushLabel(table).op('ADD').op('JUMP').place(table);
    for (const label of labels) out.op('JUMPDEST').pushLabel(label).op('JUMP');
    if (cases.length === 0) out.op('JUMPDEST');
    cases.forEach((body, place) => {
      out.land(labels[place]!);
      this.#block(body);
      out.pushLabel(end).op('JUMP');
    });
    out.land(end);
  }

  #subroutine(times: number, body: readonly Statement[]): void {
    const out = this.#out;
    const [start, end] = [out.label(), out.label()];
    for (let n = 0; n < times; n++) {
      const back = out.label();
      out.pushLabel(back).pushLabel(start).op('JUMP');
      out.height -= 1;
      out.land(back);
    }
    out.pushLabel(end).op('JUMP').land(start);
    out.height += 1;
    this.#block(body);
    out.op('JUMP').land(end);
  }

  #shuffle(codes: readonly number[], filler: bigint): void {
    const out = this.#out;
    const before = out.height;
    let word = filler;
    for (const code of codes) {
      const effect = effects[code];
      while (effect !== undefined && out.height < effect.inputs) {
        out.push(word);
        word = (word * 0x9e3779b97f4a7c15n + 1n) % 2n ** 256n;
      }
      if (code >= PUSH1 && code < PUSH1 + 32) out.push(word % 256n ** BigInt(code - PUSH1 + 1), code - PUSH1 + 1);
      else out.op(code);
    }
    while (out.height > before) out.op('POP');
    while (out.height < before) out.push(0n);
  }

  #fill(height: number): void {
    const out = this.#out;
    const words = Math.max(0, height - out.height);
    out.raw(new Uint8Array(words).fill(words % 2 === 0 || out.height === 0 ? 0x5f : 0x80));
    if (out.height + words >= stackLimit) out.op('CALLVALUE').op('POP');
    out.raw(new Uint8Array(words).fill(0x50));
  }

  #data(bytes: Uint8Array, safe: boolean): void {
    const out = this.#out;
    const over = out.label();
    out.pushLabel(over).op('JUMP').raw(bytes);
    if (safe) out.raw(new Uint8Array(32));
    out.land(over);
  }

  #create({ value, salt, prelude, deploys, stretch }: Creation): void {
    const initCode = compileInitCode(prelude, deploys);
    this.#creations.push({ salt, initCode });
    const out = this.#out;
    const label = out.label();
    this.#appended.push({ label, bytes: initCode });
    const length = BigInt(initCode.length);
    out.push(length).pushLabel(label).push(BigInt(initCodeOffset)).op('CODECOPY');
    if (salt !== undefined) out.push(salt);
    out.push(BigInt(Math.max(0, initCode.length + stretch))).push(BigInt(initCodeOffset));
    this.#expression(value);
    out.op(salt === undefined ? 'CREATE' : 'CREATE2');
  }

  #badJump(how: BadJump, condition: Expression): void {
    const out = this.#out;
    const [target, past] = [out.label(), out.label()];
    this.#expression(condition);
    out.op('ISZERO').pushLabel(past).op('JUMPI');
    const { height } = out;
    switch (how) {
      case 'intoPush':
        out
          .pushLabel(target)
          .op('JUMP')
          .raw(Uint8Array.of(PUSH1 + 1))
          .place(target);
        out.raw(Uint8Array.of(JUMPDEST, JUMPDEST));
        break;
      case 'beyond':
        out.push(0xffffn).op('JUMP');
        break;
      case 'huge':
        out.push(2n ** 256n - 1n).op('JUMP');
        break;
      case 'notJumpdest':
        out.pushLabel(target).op('JUMP').place(target).op('PUSH0');
        break;
      case 'wrapped':
        out
          .pushLabel(past)
          .push(2n ** 64n)
          .op('ADD')
          .op('JUMP');
        break;
      case 'backToStart':
        out.push(0n).op('JUMP');
        break;
      case 'intoTruncatedPush':
        out.pushLabel(target).push(1n).op('ADD').op('JUMP').place(target);
        out.raw(Uint8Array.of(PUSH1, JUMPDEST, PUSH1 + 31, JUMPDEST));
        out.raw(new Uint8Array(31));
    }
    out.height = height;
    out.land(past);
  }
}

function compileInitCode(prelude: Statement[], deploys: Creation['deploys']): Uint8Array {
  const body = { locals: [], body: prelude, tail: undefined };
  switch (deploys.kind) {
    case 'nothing':
      return prelude.length === 0 ? new Uint8Array(0) : compile(body).code;
    case 'zeros':
    case 'reverts':
      return new Compiler().program(body, (out) =>
        out
          .push(BigInt(deploys.length))
          .push(0n)
          .op(deploys.kind === 'zeros' ? 'RETURN' : 'REVERT'),
      ).code;
    case 'bytes':
      return returning(body, deploys.bytes);
    case 'program':
      return returning(body, compile(deploys.program).code);
  }
}

/** Init code that deploys the bytes, which lie at its end: the only place whose offset is counted back from the end. */
function returning(body: Program, deployed: Uint8Array): Uint8Array {
  const length = BigInt(deployed.length);
  const { code } = new Compiler().program(body, (out) =>
    out.push(length, 2).op('DUP1').op('DUP1').op('CODESIZE').op('SUB').push(0n).op('CODECOPY').push(0n).op('RETURN'),
  );
  return concatBytes(code, deployed);
}
